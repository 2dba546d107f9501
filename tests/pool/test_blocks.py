"""Does a transaction keep all of its work or none, however its block is left?"""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

import fraiseql
from pool_server import DEADLINE, settled

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fraiseql import Connection, PrototypePool
    from pool_server import Observer


@pytest_asyncio.fixture
async def connection(lone: PrototypePool) -> AsyncIterator[Connection]:
    """Give a held connection with a table ``kept`` of one column."""
    async with lone.acquire() as connection:
        await connection.execute("create temp table kept (a int unique deferrable initially deferred)")
        yield connection


async def kept(connection: Connection) -> list[int]:
    return [row[0] for row in await connection.fetch("select a from kept order by a")]


async def is_open(connection: Connection) -> bool:
    """Whether a transaction is open: the second of two statements would see the id of the first."""
    first = await connection.fetchval("select pg_current_xact_id()::text")
    return bool(first == await connection.fetchval("select pg_current_xact_id()::text"))


class OopsError(Exception):
    """An exception of the caller's own."""


async def test_a_block_that_ends_is_committed(connection: Connection) -> None:
    async with connection.transaction():
        await connection.execute("insert into kept values (1)")
        assert await is_open(connection)
    assert not await is_open(connection)
    assert await kept(connection) == [1]


async def test_an_exception_rolls_back_and_comes_out(connection: Connection) -> None:
    with pytest.raises(OopsError):  # noqa: PT012  the block is what raises
        async with connection.transaction():
            await connection.execute("insert into kept values (1)")
            raise OopsError
    assert not await is_open(connection)
    assert await kept(connection) == []


async def test_an_error_of_the_server_rolls_back_and_comes_out(connection: Connection) -> None:
    with pytest.raises(fraiseql.DivisionByZeroError):  # noqa: PT012  the block is what raises
        async with connection.transaction():
            await connection.execute("insert into kept values (1)")
            await connection.execute("select 1 / 0")
    assert await kept(connection) == []


async def test_an_error_that_is_caught_inside_is_told_at_the_end(connection: Connection) -> None:
    with pytest.raises(fraiseql.InternalError, match="was rolled back"):  # noqa: PT012  the block is what raises
        async with connection.transaction():
            await connection.execute("insert into kept values (1)")
            with pytest.raises(fraiseql.DivisionByZeroError):
                await connection.execute("select 1 / 0")
            with pytest.raises(fraiseql.InternalError, match="current transaction is aborted"):
                await connection.execute("select 1")
    assert await kept(connection) == []


async def test_a_constraint_that_is_checked_at_the_end_fails_there(connection: Connection) -> None:
    with pytest.raises(fraiseql.UniqueViolationError):
        async with connection.transaction():
            await connection.execute("insert into kept values (1), (1)")
    assert await kept(connection) == []
    assert not await is_open(connection)


async def test_a_block_inside_is_a_savepoint(connection: Connection) -> None:
    async with connection.transaction():
        await connection.execute("insert into kept values (1)")
        with pytest.raises(OopsError):  # noqa: PT012  the block is what raises
            async with connection.transaction():
                await connection.execute("insert into kept values (2)")
                async with connection.transaction():
                    await connection.execute("insert into kept values (3)")
                raise OopsError
        with pytest.raises(fraiseql.DivisionByZeroError):
            async with connection.transaction():
                await connection.execute("select 1 / 0")
        async with connection.transaction():
            await connection.execute("insert into kept values (4)")
    assert await kept(connection) == [1, 4]


@pytest.mark.parametrize("after", [0.0, 0.001, 0.01, 0.05])
async def test_a_cancellation_rolls_back(connection: Connection, after: float) -> None:
    async def work() -> None:
        async with connection.transaction():
            await connection.execute("insert into kept values (1)")
            async with connection.transaction():
                await connection.fetchval("select pg_sleep(60)")

    task = asyncio.ensure_future(work())
    await asyncio.sleep(after)
    task.cancel()
    await asyncio.wait({task}, timeout=DEADLINE)
    assert task.cancelled()
    assert await asyncio.wait_for(kept(connection), DEADLINE) == []
    assert not await is_open(connection)


async def test_a_storm_of_cancellations_leaves_no_transaction_open(connection: Connection) -> None:
    async def work() -> None:
        async with connection.transaction():
            await connection.execute("select 1")
            async with connection.transaction():
                await connection.execute("select 2")

    for turn in range(200):
        task = asyncio.ensure_future(work())
        for _ in range(turn % 20):
            await asyncio.sleep(0)
        await asyncio.sleep((turn % 7) / 5000)
        task.cancel()
        await asyncio.wait({task}, timeout=DEADLINE)
        assert task.done()
        assert not await asyncio.wait_for(is_open(connection), DEADLINE)
    async with connection.transaction():
        await connection.execute("insert into kept values (1)")
    assert await kept(connection) == [1]


async def test_a_lost_connection_is_an_error_and_is_never_repaired(pool: PrototypePool, observer: Observer) -> None:
    with pytest.raises(fraiseql.OperationalError) as caught:  # noqa: PT012  the block is what raises
        async with pool.acquire() as connection, connection.transaction():
            session = await connection.fetchval("select pg_backend_pid()")
            await observer.fetch(f"select pg_terminate_backend({session})")
            await connection.execute("select 1")
    assert not isinstance(caught.value, fraiseql.PoolTimeoutError)
    assert (await settled(pool))["in_use"] == 0


async def test_a_commit_on_a_lost_connection_is_an_error(pool: PrototypePool, observer: Observer) -> None:
    with pytest.raises(fraiseql.OperationalError):  # noqa: PT012  the block is what raises
        async with pool.acquire() as connection, connection.transaction():
            session = await connection.fetchval("select pg_backend_pid()")
            await observer.fetch(f"select pg_terminate_backend({session})")
            await observer.until_none(f"select count(*) from pg_stat_activity where pid = {session}")


@pytest.mark.parametrize("isolation", ["serializable", "repeatable_read", "read_committed", "read_uncommitted"])
async def test_a_transaction_has_the_isolation_that_was_asked_for(connection: Connection, isolation: str) -> None:
    async with connection.transaction(isolation=isolation):  # type: ignore[arg-type]
        assert await connection.fetchval("show transaction_isolation") == isolation.replace("_", " ")
    assert await connection.fetchval("show transaction_isolation") == "read committed"


async def test_a_transaction_may_be_for_reading_alone_and_deferrable(connection: Connection) -> None:
    async with connection.transaction(isolation="serializable", readonly=True, deferrable=True):
        assert await connection.fetchval("show transaction_read_only") == "on"
        assert await connection.fetchval("show transaction_deferrable") == "on"
        with pytest.raises(fraiseql.ReadOnlySQLTransactionError):
            async with connection.transaction():
                await connection.execute("create table no_such ()")


async def test_options_inside_another_one_are_refused(connection: Connection) -> None:
    async with connection.transaction():
        with pytest.raises(fraiseql.InterfaceError, match="outermost"):
            await connection.transaction(readonly=True).__aenter__()
        await connection.execute("insert into kept values (1)")
    assert await kept(connection) == [1]
    with pytest.raises(ValueError, match="isolation must be one of serializable"):
        connection.transaction(isolation="chaos")  # type: ignore[arg-type]


async def test_a_transaction_is_entered_once_and_left_after_those_inside(connection: Connection) -> None:
    outer, inner = connection.transaction(), connection.transaction()
    with pytest.raises(fraiseql.InterfaceError, match="is not open"):
        await outer.__aexit__(None, None, None)
    await outer.__aenter__()
    with pytest.raises(fraiseql.InterfaceError, match="entered once"):
        await outer.__aenter__()
    await inner.__aenter__()
    with pytest.raises(fraiseql.InterfaceError, match="after those inside it"):
        await outer.__aexit__(None, None, None)


async def test_what_is_left_open_is_rolled_back_when_the_connection_goes_back(lone: PrototypePool) -> None:
    await lone.execute("create temp table left_open (a int)")
    async with lone.acquire() as connection:
        await connection.transaction().__aenter__()
        await connection.execute("insert into left_open values (1)")
    assert await lone.fetchval("select count(*) from left_open") == 0

    async def forget() -> None:
        connection = await lone.acquire().__aenter__()
        await connection.transaction().__aenter__()
        await connection.execute("insert into left_open values (1)")

    await forget()
    gc.collect()
    assert await asyncio.wait_for(lone.fetchval("select count(*) from left_open"), DEADLINE) == 0
