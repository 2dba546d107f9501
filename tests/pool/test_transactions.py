"""What does the pool do with statements about transactions, since only a held connection has any?"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

import fraiseql

if TYPE_CHECKING:
    from collections.abc import Callable

    from fraiseql import PrototypePool
    from pool_server import MakePool

REFUSED = [
    "begin",
    "BEGIN ISOLATION LEVEL SERIALIZABLE",
    "start transaction",
    "Commit",
    "commit and chain",
    "end",
    "rollback",
    "rollback to savepoint s",
    "abort",
    "savepoint s",
    "release s",
    "release savepoint s",
    "prepare transaction 'gid'",
    "prepare transaction E'gid'",
    "PREPARE\n/* two */ -- words\nTRANSACTION $$gid$$",
    "  -- a comment\n/* and /* another */ */ START transaction",
    ";; begin",
    ";/**/;\t\r\n\fbegin;",
    "--\rbegin",
    "commit/* not */ work",
]
METHODS = ["execute", "fetch", "fetchrow", "fetchval", "execute_query"]


@pytest.mark.parametrize("sql", REFUSED)
async def test_a_statement_about_transactions_is_refused_with_the_reason(lone: PrototypePool, sql: str) -> None:
    with pytest.raises(
        fraiseql.InterfaceError, match=r"may run on another connection; use .*acquire\(\).*transaction\(\)"
    ):
        await lone.execute(sql)
    assert lone.pool_status()["size"] == 0
    assert await lone.fetchval("select pg_current_xact_id_if_assigned() is null")


@pytest.mark.parametrize("method", METHODS)
async def test_every_method_refuses_before_it_connects(make_pool: MakePool, method: str) -> None:
    pool = make_pool(host="no-such-host.invalid")
    call: Callable[[str], asyncio.Future[object]] = getattr(pool, method)
    # The call itself raises nothing; the awaitable does.
    begin = call("begin")
    with pytest.raises(fraiseql.InterfaceError, match=r"^BEGIN"):
        await begin


async def test_an_update_outside_a_transaction_is_not_thought_undone(lone: PrototypePool) -> None:
    """A program that relies on ROLLBACK stops at its BEGIN, before it changes anything."""
    await lone.execute("create temp table kept as select 1 as a")

    async def change_and_undo() -> None:
        for sql in ("begin", "update kept set a = 2", "rollback"):
            await lone.execute(sql)

    with pytest.raises(fraiseql.InterfaceError):
        await change_and_undo()
    assert await lone.fetchval("select a from kept") == 1


@pytest.mark.parametrize("sql", ["commit prepared 'no such'", "ROLLBACK /* the */ PREPARED 'no such'"])
async def test_the_end_of_a_prepared_transaction_passes(lone: PrototypePool, sql: str) -> None:
    """Such a transaction belongs to no session. The server itself says that it has none of this name."""
    with pytest.raises(fraiseql.ProgrammingError) as caught:
        await lone.execute(sql)
    assert caught.value.sqlstate == "42704"


@pytest.mark.parametrize("name", ["plan", "transaction", "beginning", "transactions"])
@pytest.mark.parametrize("types", ["", "(int)"])
async def test_a_statement_to_prepare_passes(lone: PrototypePool, name: str, types: str) -> None:
    await lone.execute(f"prepare {name} {types} as select 7")
    assert await lone.fetchval("select count(*) from pg_prepared_statements where name = $1", name) == 1


async def test_a_block_with_its_own_transactions_passes(lone: PrototypePool) -> None:
    await lone.execute("create temp table kept (a int)")
    block = "do $$ begin insert into kept values (1); commit; insert into kept values (2); rollback; end $$"
    await lone.execute(block)
    assert await lone.fetch("select a from kept") == [(1,)]


async def test_a_cancelled_change_leaves_no_transaction(lone: PrototypePool) -> None:
    await lone.execute("create temp table kept (a int)")
    await lone.execute("insert into kept values (0)")
    for number in range(60):
        insert = lone.execute("insert into kept values (0)")
        await asyncio.sleep(number / 100_000)
        insert.cancel()
        await asyncio.wait({insert})
        assert await lone.execute("insert into kept values ($1)", number + 1) == 1
        assert await lone.fetchval("select pg_current_xact_id_if_assigned() is null"), number
    assert await lone.fetchval("select count(*) from kept where a > 0") == 60
