"""Does a statement run only once, wherever it fails, and does the next run know what has changed?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import fraiseql

if TYPE_CHECKING:
    from fraiseql import PrototypePool

# What a body does to raise the errors of an outdated statement, each after it has committed a row.
MISSING = "execute 'deallocate gone'"
CHANGED = """
    create temp table changing (a int);
    execute 'prepare plan as select * from changing';
    alter table changing add b int;
    execute 'execute plan'"""
RAISED = "raise exception 'mine' using errcode = '{}'"

BODIES = [
    (MISSING, "26000"),
    (RAISED.format("26000"), "26000"),
    (CHANGED, "0A000"),
    (RAISED.format("0A000"), "0A000"),
]


def committing(body: str) -> str:
    return f"begin insert into kept values (1); commit; {body}; end"


async def kept(pool: PrototypePool) -> tuple[int, int]:
    """Count the rows that were committed, and give the session in which they are."""
    return await pool.fetchval("select count(*) from kept"), await pool.fetchval("select pg_backend_pid()")


@pytest.mark.parametrize(("body", "sqlstate"), BODIES)
async def test_a_block_that_commits_and_fails_runs_once(lone: PrototypePool, body: str, sqlstate: str) -> None:
    await lone.execute("create temp table kept (a int)")
    _, session = await kept(lone)
    with pytest.raises(fraiseql.Error) as caught:
        await lone.execute(f"do $do$ {committing(body)} $do$")
    assert caught.value.sqlstate == sqlstate
    assert await kept(lone) == (1, session)


@pytest.mark.parametrize(("body", "sqlstate"), BODIES)
@pytest.mark.parametrize("comment", ["", "/* first */ -- second\n;"])
async def test_a_procedure_that_commits_and_fails_runs_once(
    lone: PrototypePool, body: str, sqlstate: str, comment: str
) -> None:
    await lone.execute("create temp table kept (a int)")
    await lone.execute(f"create procedure pg_temp.put(x int) language plpgsql as $put$ {committing(body)} $put$")
    for number in (1, 2):
        with pytest.raises(fraiseql.Error) as caught:
            await lone.execute(f"{comment} call pg_temp.put($1)", number)
        assert caught.value.sqlstate == sqlstate
        assert (await kept(lone))[0] == number
        await lone.execute("do $$ begin execute 'deallocate plan'; exception when others then null; end $$")


async def test_a_function_that_fails_on_a_missing_statement_runs_once(lone: PrototypePool) -> None:
    """What a sequence counts is never undone."""
    await lone.execute("create temp sequence attempts")
    await lone.execute(
        "create function pg_temp.fail() returns int language plpgsql as"
        f" $$ begin perform nextval('attempts'); {MISSING}; return 1; end $$"
    )
    for _ in range(2):
        with pytest.raises(fraiseql.OperationalError) as caught:
            await lone.fetch("select pg_temp.fail()")
        assert caught.value.sqlstate == "26000"
    assert await lone.fetchval("select last_value from attempts") == 2


async def test_a_call_that_was_refused_before_it_ran_is_sent_again(lone: PrototypePool) -> None:
    """The server refuses the parameter when it reads it, so the procedure has done nothing."""
    call = "call pg_temp.put($1)"
    await lone.execute("create temp table kept (a text)")
    body = "language sql as 'insert into kept values (x)'"
    await lone.execute(f"create procedure pg_temp.put(x int) {body}")
    await lone.execute(call, 1)
    await lone.execute("drop procedure pg_temp.put(int)")
    await lone.execute(f"create procedure pg_temp.put(x text) {body}")
    await lone.execute(call, "two")
    assert await lone.fetch("select a from kept") == [("1",), ("two",)]


async def test_types_that_changed_are_learnt_for_the_next_run_after_a_failure(lone: PrototypePool) -> None:
    """The function may have done anything before it failed, so it does not run again now."""
    put = "select pg_temp.put($1)"
    await lone.execute("create temp sequence attempts")
    await lone.execute(
        "create function pg_temp.put(x int) returns int language plpgsql as"
        " $$ begin perform nextval('attempts'); return 'no number'::int; end $$"
    )
    with pytest.raises(fraiseql.DataError):
        await lone.fetchval(put, 1)
    # From now on the server takes a parameter without a type for a text.
    await lone.execute("create function pg_temp.put(x text) returns int language sql as 'select 7'")
    with pytest.raises(fraiseql.DataError):
        await lone.fetchval(put, 2)
    assert await lone.fetchval("select last_value from attempts") == 2
    assert await lone.fetchval(put, "three") == 7
