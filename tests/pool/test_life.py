"""How does a pool live: its beginning, its limits, its end, and the loops and processes around it?"""

from __future__ import annotations

import asyncio
import contextvars
import gc
import threading
import time
from typing import TYPE_CHECKING

import pytest

import fraiseql
from fraiseql import PrototypePool
from loop_choice import LOOP
from pool_server import DEADLINE, SETTINGS, run, settled

if TYPE_CHECKING:
    from pool_server import MakePool, Observer


async def test_the_loop_is_the_one_that_was_asked_for() -> None:
    assert (type(asyncio.get_running_loop()).__module__ == "uvloop") == (LOOP == "uvloop")


async def test_async_with_closes_the_pool() -> None:
    async with PrototypePool(**SETTINGS) as pool:
        assert await pool.fetchval("select 1") == 1
    assert pool.pool_status()["closed"]
    assert pool.pool_status()["size"] == 0


async def test_async_with_closes_the_pool_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError):
        async with PrototypePool(**SETTINGS) as pool:
            raise ZeroDivisionError
    assert pool.pool_status()["closed"]


async def test_a_closed_pool_refuses_everything(pool: PrototypePool) -> None:
    await pool.health_check()
    await pool.close()
    await pool.close()
    for work in (pool.health_check(), pool.fetch("select 1"), pool.execute_query("select 1")):
        with pytest.raises(fraiseql.PoolClosedError):
            await work
    assert repr(pool) == "<PrototypePool: closed>"


async def test_close_lets_running_queries_end_and_refuses_waiting_ones(lone: PrototypePool) -> None:
    running = asyncio.ensure_future(lone.fetchval("select 7 from pg_sleep(0.3)"))
    await asyncio.sleep(0.1)
    waiting = asyncio.ensure_future(lone.fetchval("select 8"))
    await asyncio.sleep(0.05)
    await asyncio.wait_for(lone.close(), DEADLINE)
    assert running.done()
    assert await running == 7
    with pytest.raises(fraiseql.PoolClosedError):
        await waiting


async def test_close_waits_for_a_query_that_is_still_connecting(pool: PrototypePool) -> None:
    query = pool.fetchval("select 1 from pg_sleep(0.3)")
    await asyncio.wait_for(pool.close(), DEADLINE)
    assert pool.pool_status()["size"] == 0
    assert await asyncio.wait_for(query, 0.1) == 1


async def test_close_ends_however_many_queries_wait(make_pool: MakePool) -> None:
    for number in range(40):
        pool = make_pool(max_connections=3)
        queries = [pool.fetchval("select 1") for _ in range(60)]
        await asyncio.sleep(number / 10_000)
        await asyncio.wait_for(pool.close(), DEADLINE)
        await asyncio.wait_for(asyncio.gather(*queries, return_exceptions=True), DEADLINE)


async def test_a_closed_pool_leaves_no_session(make_pool: MakePool, observer: Observer) -> None:
    pool = make_pool(max_connections=3)
    await asyncio.gather(*(pool.fetchval("select pg_sleep(0.1) -- session") for _ in range(3)))
    await pool.close()
    await observer.until_none("select count(*) from pg_stat_activity where query like '%-- session'")


async def test_a_forgotten_pool_leaves_no_session(observer: Observer) -> None:
    pool = PrototypePool(**SETTINGS)
    await pool.fetchval("select 1 as forgotten")
    del pool
    gc.collect()
    await observer.until_none("select count(*) from pg_stat_activity where query like '%as forgotten'")


async def test_the_figures_agree_with_what_happens(make_pool: MakePool) -> None:
    pool = make_pool(max_connections=2)
    status = pool.pool_status()
    assert (status["size"], status["available"], status["max_size"], status["closed"]) == (0, 0, 2, False)
    work = [asyncio.ensure_future(pool.execute("select pg_sleep(0.3)")) for _ in range(5)]
    await asyncio.sleep(0.15)
    status = pool.pool_status()
    assert (status["size"], status["available"], status["in_use"], status["waiting"]) == (2, 0, 2, 3)
    await asyncio.gather(*work)
    assert (await settled(pool))["available"] == 2
    assert pool.stats() == "Pool stats: 2 total, 2 available connections"
    assert repr(pool) == "<PrototypePool: 2 total, 2 available connections, at most 2>"


async def test_idle_connections_are_closed(make_pool: MakePool) -> None:
    pool = make_pool(max_idle_time=0.2)
    await pool.health_check()
    assert pool.pool_status()["size"] == 1
    await asyncio.sleep(0.6)
    assert pool.pool_status()["size"] == 0
    assert await pool.health_check()


async def test_the_time_of_a_long_query_is_not_idle_time(make_pool: MakePool) -> None:
    pool = make_pool(max_connections=1, max_idle_time=0.4)
    first = await pool.fetchval("select pg_backend_pid() from pg_sleep(0.6)")
    await asyncio.sleep(0.15)
    assert await pool.fetchval("select pg_backend_pid()") == first


async def test_old_connections_are_replaced(make_pool: MakePool) -> None:
    pool = make_pool(max_connections=1, max_lifetime=0.3)
    first = await pool.fetchval("select pg_backend_pid()")
    deadline = time.monotonic() + 0.8
    seen = set()
    while time.monotonic() < deadline:
        seen.add(await pool.fetchval("select pg_backend_pid()"))
    assert first in seen
    assert 2 <= len(seen) <= 4


def test_without_a_loop_it_says_so() -> None:
    pool = PrototypePool(**SETTINGS)
    with pytest.raises(RuntimeError, match="no running event loop"):
        pool.health_check()
    assert pool.pool_status()["in_use"] == 0


def test_one_loop_after_the_other() -> None:
    pool = PrototypePool(**SETTINGS)

    async def answer(number: int) -> int:
        found: int = await pool.fetchval("select $1::int", number)
        return found

    assert [run(answer(number)) for number in range(5)] == list(range(5))


def test_loops_in_several_threads_at_once() -> None:
    pool = PrototypePool(**{**SETTINGS, "max_connections": 3})
    found: dict[int, list[int]] = {}

    async def answers(tag: int) -> list[int]:
        work = (pool.fetchval("select $1::int", tag * 1000 + number) for number in range(200))
        answered: list[int] = await asyncio.gather(*work)
        return answered

    def answer_all(tag: int) -> None:
        found[tag] = run(answers(tag))

    threads = [threading.Thread(target=answer_all, args=(tag,)) for tag in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(2 * DEADLINE)
    assert found == {tag: [tag * 1000 + number for number in range(200)] for tag in range(4)}


def test_a_loop_that_ends_with_work_in_flight_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    pool = PrototypePool(**SETTINGS)

    async def leave_behind(number: int) -> None:
        for _ in range(5):
            pool.fetch(f"select pg_sleep({number % 3} * 0.001)")
        if number % 2:
            await asyncio.sleep(0.001)

    for number in range(50):
        run(leave_behind(number))
    time.sleep(0.3)
    assert capfd.readouterr().err == ""


async def test_context_variables_are_the_callers(pool: PrototypePool) -> None:
    tag = contextvars.ContextVar("tag", default=0)

    async def remember(number: int) -> bool:
        tag.set(number)
        found: int = await pool.fetchval("select $1::int", number)
        return found == tag.get() == number

    assert all(await asyncio.gather(*(remember(number) for number in range(100))))


async def test_the_loop_is_not_blocked(pool: PrototypePool) -> None:
    slow = asyncio.ensure_future(pool.fetch("select i, pg_sleep(0.0005) from generate_series(1, 1000) i"))
    ticks = []
    while not slow.done():
        ticks.append(time.monotonic())
        await asyncio.sleep(0.005)
    longest = max(after - before for before, after in zip(ticks, ticks[1:]))
    assert len(ticks) > 20
    assert longest < 0.2
