"""Does a cancelled awaitable stop its query on the server, without any effect on other queries?"""

from __future__ import annotations

import asyncio
import random
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from fraiseql import PrototypePool, QueryCanceledError
from pool_server import DEADLINE, DEEP_TYPES, DEEP_VALUE, SETTINGS, Observer, run, settled

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from pool_server import MakePool

# The next query must not wait for the cancelled query before it.
SOON = 1.0


async def cancelled(work: Awaitable[object]) -> None:
    """Cancel ``work`` and check that it ends as cancelled."""
    future = asyncio.ensure_future(work)
    future.cancel()
    with pytest.raises(asyncio.CancelledError):
        await future


async def test_a_cancelled_task_stops_its_query(lone: PrototypePool, observer: Observer) -> None:
    task = asyncio.ensure_future(lone.execute_query("select pg_sleep(30) -- task"))
    await observer.wait_for("-- task", 1)
    await cancelled(task)
    assert await asyncio.wait_for(lone.fetchval("select 'next'"), SOON) == "next"
    assert await observer.active("-- task") == 0


async def test_a_timeout_stops_its_query(lone: PrototypePool, observer: Observer) -> None:
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(lone.fetch("select pg_sleep(30) -- timeout"), 0.1)
    assert await asyncio.wait_for(lone.fetchval("select 'next'"), SOON) == "next"
    assert await observer.active("-- timeout") == 0


async def test_a_clean_connection_is_kept(lone: PrototypePool) -> None:
    before = await lone.fetchval("select pg_backend_pid()")
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(lone.fetch("select pg_sleep(30)"), 0.1)
    assert await lone.fetchval("select pg_backend_pid()") == before


async def test_a_query_that_cannot_be_stopped_loses_its_connection(lone: PrototypePool) -> None:
    before = await lone.fetchval("select pg_backend_pid()")
    # The handlers are nested, so that at every moment at least one of them is active.
    stubborn = "perform pg_sleep(30);"
    for _ in range(4):
        stubborn = f"loop begin {stubborn} exception when query_canceled then null; end; end loop;"
    stubborn = f"do $$ begin {stubborn} end $$"
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(lone.execute(stubborn), 0.1)
    assert await asyncio.wait_for(lone.fetchval("select pg_backend_pid()"), DEADLINE) != before
    # Nothing else would end this query, and the server has a limited number of sessions.
    assert await lone.fetchval("select pg_terminate_backend($1)", before)


async def test_cancelled_while_it_waits_for_a_connection(lone: PrototypePool, observer: Observer) -> None:
    busy = asyncio.ensure_future(lone.execute("select pg_sleep(30) -- busy"))
    await observer.wait_for("-- busy", 1)
    waiting = [asyncio.ensure_future(lone.fetchval("select 1")) for _ in range(20)]
    await asyncio.sleep(0.05)
    assert lone.pool_status()["waiting"] == len(waiting)
    for task in waiting:
        await cancelled(task)
    assert await observer.active("-- busy") == 1
    await cancelled(busy)
    assert (await settled(lone))["available"] == 1


async def test_cancelled_before_it_has_begun(lone: PrototypePool) -> None:
    for _ in range(50):
        await cancelled(lone.fetchval("select 1"))
    assert await asyncio.wait_for(lone.fetchval("select 'next'"), SOON) == "next"


async def test_cancelled_while_it_connects(make_pool: MakePool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        pool = make_pool(host="127.0.0.1", port=silent.getsockname()[1], max_connections=2)
        for _ in range(5):
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(pool.health_check(), 0.02)
        status = await settled(pool)
        assert (status["size"], status["in_use"], status["waiting"]) == (0, 0, 0)


async def test_cancelled_in_the_middle_of_a_large_result(lone: PrototypePool, observer: Observer) -> None:
    endless = "select repeat('x', 1000) from generate_series(1, 100000000) -- large"
    for fetch in (lone.execute_query, lone.fetch, lone.fetchrow, lone.fetchval, lone.execute):
        task = asyncio.ensure_future(fetch(endless))
        await observer.wait_for("-- large", 1)
        await asyncio.sleep(0.05)
        await cancelled(task)
        assert await asyncio.wait_for(lone.fetchval("select 'next'"), DEADLINE) == "next"
        assert await observer.active("-- large") == 0


async def test_cancelled_after_completion_is_nothing(lone: PrototypePool) -> None:
    future = lone.fetchval("select 1")
    assert await future == 1
    assert not future.cancel()
    pid = await lone.fetchval("select pg_backend_pid()")
    assert await lone.fetchval("select pg_backend_pid()") == pid


async def test_an_error_of_conversion_in_the_middle_stops_the_rest(lone: PrototypePool, observer: Observer) -> None:
    await lone.execute(DEEP_TYPES)
    sql = f"select {DEEP_VALUE}, pg_sleep(0.001) from generate_series(1, 1000000) -- convert"
    with pytest.raises(Exception, match="more than 200 deep"):
        await asyncio.wait_for(lone.execute_query(sql), DEADLINE)
    assert await asyncio.wait_for(lone.fetchval("select 'next'"), SOON) == "next"
    assert await observer.active("-- convert") == 0


async def test_a_cancellation_from_elsewhere_is_an_error(pool: PrototypePool, observer: Observer) -> None:
    task = asyncio.ensure_future(pool.execute("select pg_sleep(30) -- elsewhere"))
    await observer.wait_for("-- elsewhere", 1)
    kill = "select pg_cancel_backend(pid) from pg_stat_activity where query like '%-- elsewhere' and state = 'active'"
    await pool.fetch(kill)
    with pytest.raises(QueryCanceledError):
        await asyncio.wait_for(task, DEADLINE)


async def test_the_cancellation_of_one_leaves_the_others(pool: PrototypePool, observer: Observer) -> None:
    kept = [asyncio.ensure_future(pool.fetchval(f"select {i} from pg_sleep(0.5) -- kept")) for i in range(3)]
    await observer.wait_for("-- kept", 3)
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(pool.execute("select pg_sleep(30)"), 0.1)
    assert await asyncio.gather(*kept) == [0, 1, 2]


def test_a_closed_loop_stops_its_queries() -> None:
    pool = PrototypePool(**{**SETTINGS, "max_connections": 2})

    async def leave_behind() -> None:
        task = asyncio.ensure_future(pool.execute("select pg_sleep(30) -- left"))
        await asyncio.sleep(0.2)
        assert not task.done()

    run(leave_behind())
    run(Observer(pool).wait_for("-- left", 0))
    run(close(pool))


def test_every_closed_loop_stops_its_queries() -> None:
    """Many loops each run their first query, and the watch must not miss a loop."""
    pool = PrototypePool(**{**SETTINGS, "max_connections": 8})

    async def leave_behind() -> None:
        pool.execute("select pg_sleep(30) -- many")
        await asyncio.sleep(0.01)

    for _ in range(40):
        run(leave_behind())
    run(Observer(PrototypePool(**SETTINGS)).wait_for("-- many", 0))
    run(close(pool))


async def close(pool: PrototypePool) -> None:
    await asyncio.wait_for(pool.close(), DEADLINE)


async def storm(pool: PrototypePool, rounds: int, longest: float) -> None:
    """Cancel at random moments. After each cancellation another query must get its own answer."""
    chance = random.Random(1)
    for number in range(rounds):
        task = asyncio.ensure_future(pool.fetchval(f"select {number} from pg_sleep(0.003)"))
        await asyncio.sleep(chance.uniform(0, longest))
        if task.cancel():
            await asyncio.wait({task})
            assert task.cancelled()
        else:
            assert task.result() == number
        assert await pool.fetchval("select $1::int", number) == number


async def test_no_cancellation_hits_the_next_query(make_pool: MakePool, observer: Observer) -> None:
    pool = make_pool(max_connections=2)
    await asyncio.wait_for(asyncio.gather(*(storm(pool, 150, 0.005) for _ in range(2))), 6 * DEADLINE)
    status = await settled(pool)
    assert status["available"] == status["size"] <= 2
    assert await observer.active("pg_sleep(0.003)") == 0


@pytest.mark.slow
async def test_no_cancellation_of_ten_thousand_hits_the_next_query(make_pool: MakePool, observer: Observer) -> None:
    pool = make_pool(max_connections=2)
    await asyncio.gather(*(storm(pool, 2500, 0.005) for _ in range(4)))
    status = await settled(pool)
    assert status["available"] == status["size"] <= 2
    assert await observer.active("pg_sleep(0.003)") == 0


async def test_a_cancelled_query_is_not_only_unheard(lone: PrototypePool) -> None:
    """Its effects on the server end as well: the table of an endless insert stops growing."""
    await lone.execute("create temp sequence grows")
    sql = "select nextval('grows'), pg_sleep(0.001) from generate_series(1, 100000)"
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(lone.execute(sql), 0.2)
    first = await lone.fetchval("select last_value from grows")
    await asyncio.sleep(0.2)
    assert await lone.fetchval("select last_value from grows") == first


def test_a_cancellation_from_another_thread(shared: PrototypePool) -> None:
    """A loop in another thread works like a loop in the main thread."""
    failures: list[BaseException] = []

    def cancel_in_loop() -> None:
        try:
            run(cancel_one(shared))
        except BaseException as failure:  # noqa: BLE001
            failures.append(failure)

    threads = [threading.Thread(target=cancel_in_loop) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE)
    assert failures == []


async def cancel_one(pool: PrototypePool) -> None:
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(pool.execute("select pg_sleep(30)"), 0.1)
    assert await asyncio.wait_for(pool.fetchval("select 'next'"), SOON) == "next"


@pytest.fixture
def shared() -> PrototypePool:
    return PrototypePool(**{**SETTINGS, "max_connections": 2})


async def test_a_signal_that_the_server_forgets_is_sent_again(lone: PrototypePool, observer: Observer) -> None:
    # The backend computes the constant while it binds the query, and does not check signals then. It takes the
    # cancellation when it reads its next message, where the cancellation has no effect.
    pid = await lone.fetchval("select pg_backend_pid()")
    task = asyncio.ensure_future(lone.execute("select md5(repeat('x', 200000000)), pg_sleep(30) -- forgets"))
    await observer.wait_for("-- forgets", 1)
    await asyncio.sleep(0.05)
    await cancelled(task)
    assert await asyncio.wait_for(lone.fetchval("select pg_backend_pid()"), 3 * SOON) == pid
