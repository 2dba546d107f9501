"""Does a held connection serve its caller alone, in order, and come back as the pool lent it?"""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING

import pytest

import fraiseql
from pool_server import DEADLINE, settled

if TYPE_CHECKING:
    from fraiseql import Connection, PrototypePool
    from pool_server import MakePool, Observer


async def test_all_statements_run_in_one_session(pool: PrototypePool) -> None:
    async with pool.acquire() as connection:
        sessions = {await connection.fetchval("select pg_backend_pid()") for _ in range(5)}
        assert len(sessions) == 1
        # Others get other ones meanwhile.
        assert await pool.fetchval("select pg_backend_pid()") not in sessions
        assert await connection.fetch("select i from generate_series(1, 3) as i") == [(1,), (2,), (3,)]
        assert await connection.fetchrow("select 1 as a, $1 as b", "x") == (1, "x")
        assert await connection.execute("select generate_series(1, 7)") == 7
        assert await connection.execute_query("select 1 as a") == ['{"a":1}']
        assert pool.pool_status()["in_use"] == 1
    assert (await settled(pool))["in_use"] == 0


async def test_what_was_changed_holds_until_the_end_and_reaches_nobody_else(make_pool: MakePool) -> None:
    pool = make_pool(max_connections=1)
    async with pool.acquire() as connection:
        await connection.execute("set work_mem = '7MB'")
        await connection.execute("create temp table held (a int)")
        assert await connection.fetchval("show work_mem") == "7MB"
        assert await connection.fetchval("select count(*) from held") == 0
    async with pool.acquire() as connection:
        assert await connection.fetchval("show work_mem") != "7MB"
        assert await connection.fetchval("select to_regclass('held')::text") is None
    assert await pool.fetchval("show work_mem") != "7MB"


async def test_statements_run_in_the_order_in_which_they_were_called(lone: PrototypePool) -> None:
    async with lone.acquire() as connection:
        await connection.execute("create temp sequence counted")
        numbers = await asyncio.gather(*(connection.fetchval("select nextval('counted')") for _ in range(50)))
        first = numbers[0]
        assert numbers == list(range(first, first + 50))


async def test_a_cancelled_statement_is_stopped_and_the_next_one_runs(lone: PrototypePool, observer: Observer) -> None:
    async with lone.acquire() as connection:
        session = await connection.fetchval("select pg_backend_pid()")
        slow = asyncio.ensure_future(connection.fetch("select pg_sleep(60) -- held"))
        behind = asyncio.ensure_future(connection.fetchval("select 2"))
        await observer.wait_for("-- held", 1)
        slow.cancel()
        assert await asyncio.wait_for(behind, DEADLINE) == 2
        assert slow.cancelled()
        assert await connection.fetchval("select pg_backend_pid()") == session
    assert await lone.fetchval("select pg_backend_pid()") == session


async def test_a_statement_that_is_cancelled_in_the_queue_never_runs(lone: PrototypePool, observer: Observer) -> None:
    async with lone.acquire() as connection:
        await connection.execute("create temp table ran (a int)")
        slow = asyncio.ensure_future(connection.fetch("select pg_sleep(60) -- held"))
        queued = asyncio.ensure_future(connection.execute("insert into ran values (1)"))
        await observer.wait_for("-- held", 1)
        queued.cancel()
        await asyncio.wait({queued})
        slow.cancel()
        assert await connection.fetchval("select count(*) from ran") == 0


async def test_an_error_leaves_the_connection_usable(lone: PrototypePool) -> None:
    async with lone.acquire() as connection:
        with pytest.raises(fraiseql.DivisionByZeroError):
            await connection.fetchval("select 1 / 0")
        with pytest.raises(fraiseql.DataError):
            await connection.fetch(
                "select case when i < 900 then 1 else -4800 end * interval '1 year' + date '2000-01-01'"
                " from generate_series(1, 1000) as i"
            )
        assert await connection.fetchval("select 1") == 1


async def test_a_lost_connection_is_an_error_for_all_later_statements(pool: PrototypePool, observer: Observer) -> None:
    async with pool.acquire() as connection:
        session = await connection.fetchval("select pg_backend_pid()")
        await observer.fetch(f"select pg_terminate_backend({session})")
        for _ in range(3):
            with pytest.raises(fraiseql.OperationalError):
                await connection.fetchval("select 1")
    assert (await settled(pool))["in_use"] == 0
    assert await pool.fetchval("select 1") == 1


async def test_a_connection_that_was_given_back_serves_no_more(lone: PrototypePool) -> None:
    async with lone.acquire() as connection:
        pass
    with pytest.raises(fraiseql.InterfaceError, match="given back"):
        await connection.fetchval("select 1")
    # The pool has it again.
    assert await lone.fetchval("select 1") == 1


async def test_the_end_waits_for_what_still_runs(lone: PrototypePool) -> None:
    async with lone.acquire() as connection:
        late = asyncio.ensure_future(connection.fetchval("select 1 from pg_sleep(0.05)"))
    assert late.done()
    assert await late == 1


async def test_a_connection_comes_back_without_its_block_too(lone: PrototypePool) -> None:
    async def drop_it() -> None:
        connection = await lone.acquire().__aenter__()
        assert await connection.fetchval("select 1") == 1

    await drop_it()
    gc.collect()
    assert await asyncio.wait_for(lone.fetchval("select 1"), DEADLINE) == 1


async def test_a_cancelled_acquire_takes_no_connection(make_pool: MakePool) -> None:
    pool = make_pool(max_connections=1)

    async def hold(seconds: float) -> None:
        async with pool.acquire() as connection:
            await connection.fetchval("select pg_sleep($1)", seconds)

    first = asyncio.ensure_future(hold(0.1))
    await asyncio.sleep(0.02)
    waiting = [asyncio.ensure_future(hold(0)) for _ in range(5)]
    await asyncio.sleep(0)
    for task in waiting[::2]:
        task.cancel()
    await asyncio.gather(first, *waiting, return_exceptions=True)
    assert [task.cancelled() for task in waiting] == [True, False, True, False, True]
    assert await asyncio.wait_for(pool.fetchval("select 1"), DEADLINE) == 1


async def test_acquire_may_be_entered_once(lone: PrototypePool) -> None:
    manager = lone.acquire()
    with pytest.raises(fraiseql.InterfaceError, match="no connection was acquired"):
        await manager.__aexit__(None, None, None)
    async with manager:
        pass


async def test_a_wrong_password_is_told_on_entering(make_pool: MakePool) -> None:
    pool = make_pool(password="wrong")  # noqa: S106
    with pytest.raises(fraiseql.AuthenticationError):
        await pool.acquire().__aenter__()


async def test_transaction_statements_are_refused_here_as_well(lone: PrototypePool) -> None:
    async with lone.acquire() as connection:
        with pytest.raises(fraiseql.InterfaceError, match=r"^BEGIN was not sent.*connection\.transaction"):
            await connection.execute("begin")


async def test_a_session_without_its_prepared_statements_goes_on(make_pool: MakePool) -> None:
    pool = make_pool(max_connections=1)

    async def work(connection: Connection) -> None:
        assert await connection.fetchval("select 1") == 1
        await connection.execute("discard all")
        assert await connection.fetchval("select 1") == 1

    async with pool.acquire() as connection:
        await work(connection)
    assert await pool.fetchval("select 1") == 1
