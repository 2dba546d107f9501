"""Do the sessions start with what the pool was told: a name, settings, and connections that are kept open?"""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

import fraiseql
from fraiseql import PrototypePool
from pool_server import DEADLINE, SETTINGS, Observer, run, settled

if TYPE_CHECKING:
    from collections.abc import Callable

    from pool_server import MakePool

SETTING = "select current_setting($1)"
VALUES = ["plain", "", "two words", " both ends ", "back\\slash", "a\\ b", "quote ' and \"", "tab\tline\nend", "é"]


async def test_the_sessions_have_a_name(make_pool: MakePool) -> None:
    assert await make_pool().fetchval(SETTING, "application_name") == "fraiseql"
    assert await make_pool(application_name="my app").fetchval(SETTING, "application_name") == "my app"


@pytest.mark.parametrize("value", VALUES)
async def test_a_session_starts_with_its_settings(make_pool: MakePool, value: str) -> None:
    pool = make_pool(server_settings={"pool.given": value, "work_mem": "123kB", "search_path": "pg_catalog, public"})
    assert await pool.fetchval(SETTING, "pool.given") == value
    assert await pool.fetchval(SETTING, "work_mem") == "123kB"
    assert await pool.fetchval(SETTING, "search_path") == "pg_catalog, public"


@pytest.mark.parametrize("mode", ["auto", "always"])
async def test_a_reset_brings_back_the_settings_of_the_start(make_pool: MakePool, mode: str) -> None:
    role = await make_pool().fetchval("select session_user::text")
    given = {"pool.given": "first", "statement_timeout": "59s", "role": role}
    pool = make_pool(max_connections=1, server_settings=given, application_name="first", reset=mode)
    pid = await pool.fetchval("select pg_backend_pid()")
    for sql in (
        "set pool.given = 'other'",
        "set statement_timeout = '58s'",
        "set role none",
        "set application_name = 'other'",
    ):
        await pool.execute(sql)
        names = ["pool.given", "statement_timeout", "role", "application_name"]
        found = [await pool.fetchval(SETTING, name) for name in names]
        assert found == ["first", "59s", role, "first"]
    assert await pool.fetchval("select pg_backend_pid()") == pid


OWN = ["TimeZone", "timezone", "IntervalStyle", "DateStyle", "bytea_output", "EXTRA_FLOAT_DIGITS", "array_nulls"]


@pytest.mark.parametrize("name", [*OWN, "client_encoding", "application_name", "", "a b", "-c x", "a=b"])
def test_a_setting_that_would_break_the_pools_own_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"server_settings.*{name}"):
        PrototypePool(**SETTINGS, server_settings={name: "x"})


@pytest.mark.parametrize("wrong", [{"server_settings": {"a": "x\0"}}, {"application_name": "x\0"}], ids=str)
def test_a_value_with_a_nul_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        PrototypePool(**SETTINGS, **wrong)


@pytest.mark.parametrize("wrong", [{"a": 1}, {1: "a"}, ["a"], "a"], ids=str)
def test_settings_are_texts_by_name(wrong: object) -> None:
    with pytest.raises(TypeError):
        PrototypePool(**SETTINGS, server_settings=wrong)  # type: ignore[arg-type]


async def test_a_setting_that_the_server_does_not_know_is_told(make_pool: MakePool) -> None:
    with pytest.raises(fraiseql.ProgrammingError, match="no_such_setting"):
        await make_pool(server_settings={"no_such_setting": "x"}).fetchval("select 1")


async def until(condition: Callable[[], bool]) -> None:
    deadline = asyncio.get_running_loop().time() + DEADLINE
    while not condition():
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.005)


async def test_no_connection_is_opened_unasked(make_pool: MakePool) -> None:
    async with make_pool() as pool:
        await asyncio.sleep(0.2)
        assert pool.pool_status()["size"] == 0


async def test_connections_to_keep_are_opened_on_entry(make_pool: MakePool) -> None:
    async with make_pool(min_connections=3) as pool:
        await until(lambda: pool.pool_status()["available"] == 3)
        assert pool.pool_status()["size"] == 3
    assert pool.pool_status()["size"] == 0


async def test_connections_to_keep_are_opened_at_the_first_query(make_pool: MakePool) -> None:
    pool = make_pool(min_connections=3)
    await asyncio.sleep(0.1)
    assert pool.pool_status()["size"] == 0
    assert await pool.fetchval("select 1") == 1
    await until(lambda: pool.pool_status()["available"] >= 3)


async def test_queries_do_not_wait_for_connections_to_keep(make_pool: MakePool) -> None:
    async with make_pool(min_connections=4, max_connections=4) as pool:
        work = (pool.fetchval("select $1::int", number) for number in range(50))
        assert await asyncio.wait_for(asyncio.gather(*work), DEADLINE) == list(range(50))
        await until(lambda: pool.pool_status()["available"] == 4)


async def test_idle_time_leaves_the_connections_to_keep(make_pool: MakePool) -> None:
    async with make_pool(min_connections=2, max_connections=4, max_idle_time=0.2) as pool:
        await asyncio.gather(*(pool.fetchval("select pg_sleep(0.2)") for _ in range(4)))
        assert pool.pool_status()["size"] == 4
        await until(lambda: pool.pool_status()["size"] == 2)
        pids = set(await asyncio.gather(*(pool.fetchval("select pg_backend_pid() from pg_sleep(0.2)") for _ in "12")))
        await asyncio.sleep(1.0)
        assert pool.pool_status()["size"] == 2
        # They are the same connections, and they are lent although they were idle for so long.
        again = set(await asyncio.gather(*(pool.fetchval("select pg_backend_pid() from pg_sleep(0.2)") for _ in "12")))
        assert again == pids


async def test_lifetimes_replace_the_connections_to_keep(make_pool: MakePool, observer: Observer) -> None:
    tag = uuid4().hex
    sessions = f"from pg_stat_activity where application_name = '{tag}'"
    async with make_pool(min_connections=2, max_lifetime=0.4, application_name=tag) as pool:
        await until(lambda: pool.pool_status()["size"] == 2)
        # The first two are gone, and the pool, which had no query, has two again.
        first = [row[0] for row in await observer.fetch(f"select pid {sessions}")]
        assert len(first) == 2
        await observer.until_none(f"select count(*) {sessions} and pid in ({first[0]}, {first[1]})")
        await observer.until_none(f"select count(*) <> 2 {sessions}")
    await observer.until_none(f"select count(*) {sessions}")


async def test_connections_to_keep_are_opened_again_after_a_loss(make_pool: MakePool, observer: Observer) -> None:
    tag = uuid4().hex
    sessions = f"from pg_stat_activity where application_name = '{tag}'"
    async with make_pool(min_connections=2, max_lifetime=60.0, max_idle_time=0.4, application_name=tag) as pool:
        await until(lambda: pool.pool_status()["available"] == 2)
        pids = [row[0] for row in await observer.fetch(f"select pid, pg_terminate_backend(pid) {sessions}")]
        await observer.until_none(f"select count(*) {sessions} and pid in ({pids[0]}, {pids[1]})")
        await observer.until_none(f"select count(*) <> 2 {sessions}")
        assert await pool.fetchval("select 1") == 1


async def test_a_server_that_is_away_does_not_disturb_the_entry(make_pool: MakePool) -> None:
    async with make_pool(min_connections=2, host="no-such-host.invalid") as pool:
        with pytest.raises(fraiseql.CannotConnectError):
            await asyncio.wait_for(pool.fetchval("select 1"), 3 * DEADLINE)
        await asyncio.wait_for(settled(pool), DEADLINE)


def test_a_forgotten_pool_keeps_no_connection() -> None:
    tag = uuid4().hex

    async def enter() -> None:
        pool = await PrototypePool(**SETTINGS, min_connections=2, application_name=tag).__aenter__()
        await until(lambda: pool.pool_status()["available"] == 2)

    async def look() -> None:
        await Observer(PrototypePool(**SETTINGS)).until_none(
            f"select count(*) from pg_stat_activity where application_name = '{tag}'"
        )

    run(enter())
    # A loop may leave the coroutine's frame to the collector, as uvloop does on free-threaded builds.
    gc.collect()
    run(look())


@pytest.mark.parametrize("wrong", [{"min_connections": 11}, {"min_connections": 3, "max_connections": 2}], ids=str)
def test_more_to_keep_than_there_may_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="min_connections"):
        PrototypePool(**SETTINGS, **wrong)


def test_a_negative_number_to_keep_is_an_overflow() -> None:
    with pytest.raises(OverflowError):
        PrototypePool(**SETTINGS, min_connections=-1)
