"""Are statements prepared once per connection, up to a bound, and anew when the schema has changed?"""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import TYPE_CHECKING

import pytest

import fraiseql

if TYPE_CHECKING:
    from fraiseql import PrototypePool
    from pool_server import MakePool

PREPARED = "select count(*) from pg_prepared_statements where statement like $1"


async def test_a_statement_is_prepared_once(lone: PrototypePool) -> None:
    for _ in range(5):
        await lone.fetchval("select 'once'")
    assert await lone.fetchval(PREPARED, "%once%") == 1


async def test_the_cache_has_a_bound(make_pool: MakePool) -> None:
    pool = make_pool(max_connections=1, statement_cache_size=10)
    for number in range(50):
        assert await pool.fetchval(f"select {number} as bounded") == number
    assert await pool.fetchval(PREPARED, "%as bounded") <= 10
    assert await pool.fetchval(PREPARED, "select 49 as bounded") == 1
    assert await pool.fetchval(PREPARED, "select 0 as bounded") == 0


async def test_the_least_recently_used_statement_goes(make_pool: MakePool) -> None:
    pool = make_pool(max_connections=1, statement_cache_size=4)
    for number in range(20):
        await pool.fetchval("select 'favourite'")
        await pool.fetchval(f"select {number}")
    assert await pool.fetchval(PREPARED, "select 'favourite'") == 1


async def test_a_cache_of_none_prepares_each_anew(make_pool: MakePool) -> None:
    pool = make_pool(max_connections=1, statement_cache_size=0)
    for _ in range(3):
        assert await pool.fetchval("select 'anew'") == "anew"
    assert await pool.fetchval(PREPARED, "%anew%") == 0


def statement(name: str, size: int) -> str:
    """Return a statement of so many bytes, which selects ``name``."""
    sql = f"select '{name}' as sized /*"
    padding = size - len(sql) - len("*/")
    # A character of two bytes, so that the bytes count and not the characters.
    return sql + "ä" * (padding // 2) + "." * (padding % 2) + "*/"


async def test_a_statement_that_is_too_long_is_prepared_for_each_use(lone: PrototypePool) -> None:
    longest, too_long = statement("longest", 15 * 1024), statement("too long", 15 * 1024 + 1)
    for _ in range(2):
        assert await lone.fetchval(longest) == "longest"
        assert await lone.fetchval(too_long) == "too long"
        assert await lone.fetch(too_long) == [("too long",)]
        assert await lone.execute_query(too_long) == ['{"sized":"too long"}']
        assert await lone.execute(too_long) == 1
        with pytest.raises(fraiseql.DataError):
            await lone.execute(too_long.replace("select", "select 1 / 0,", 1))
    assert await lone.fetchval(PREPARED, "%longest%") == 1
    assert await lone.fetchval(PREPARED, "%too long%") == 0


@pytest.mark.parametrize(("limit", "kept"), [(0, 0), (99, 0), (100, 1), (None, 1)])
async def test_the_length_of_a_statement_that_is_kept_is_chosen(
    make_pool: MakePool, limit: int | None, kept: int
) -> None:
    pool = make_pool(max_connections=1, max_cacheable_statement_size=limit)
    for _ in range(2):
        assert await pool.fetchval(statement("chosen", 100)) == "chosen"
    assert await pool.fetchval(PREPARED, "%chosen%") == kept


async def test_the_cache_has_a_bound_in_bytes(make_pool: MakePool) -> None:
    pool = make_pool(max_connections=1, statement_cache_bytes=4000)
    for number in range(20):
        assert await pool.fetchval("select 'favourite'") == "favourite"
        assert await pool.fetchval(statement(f"bounded {number}", 900)) == f"bounded {number}"
    assert await pool.fetchval(PREPARED, "select 'bounded%") == 4
    assert await pool.fetchval(PREPARED, "select 'favourite'") == 1
    assert await pool.fetchval(PREPARED, "select 'bounded 15'%") == 0
    assert await pool.fetchval(PREPARED, "select 'bounded 16'%") == 1


async def test_a_statement_longer_than_the_whole_cache_displaces_none(make_pool: MakePool) -> None:
    pool = make_pool(max_connections=1, statement_cache_bytes=1000)
    for number in range(3):
        await pool.fetchval(f"select {number} as little")
    assert await pool.fetchval(statement("whole", 1001)) == "whole"
    assert await pool.fetchval(PREPARED, "%as little") == 3
    assert await pool.fetchval(PREPARED, "%whole%") == 0


async def test_statements_that_are_forgotten_leave_room(make_pool: MakePool) -> None:
    """If they still counted, the cache would be full of nothing after a while."""
    pool = make_pool(max_connections=1, statement_cache_bytes=1000, reset="never")
    await pool.execute("create temp table changing (a int)")
    reads = f"{statement('room', 400)}, * from changing"
    for number in range(10):
        await pool.execute(f"alter table changing add c{number} int")
        await pool.fetch(reads)
    assert await pool.fetchval("select 'kept'") == "kept"
    assert await pool.fetchval(PREPARED, "select 'kept'") == 1
    assert await pool.fetchval(PREPARED, "%room%") == 1


@pytest.mark.parametrize(
    "change",
    ["add b int default 2", "alter a type bigint", "alter a type text", "rename a to c", "drop a, add d date"],
)
async def test_a_changed_table_is_prepared_again(lone: PrototypePool, change: str) -> None:
    await lone.execute("create temp table changing (a int)")
    await lone.execute("insert into changing values (1)")
    assert await lone.fetch("select * from changing") == [(1,)]
    await lone.execute("alter table changing " + ", ".join(f"{part}" for part in change.split(", ")))
    expected = await lone.fetch("select * from changing as fresh")
    assert await lone.fetch("select * from changing") == expected
    assert await lone.execute_query("select * from changing") == await lone.execute_query("table changing")


async def test_a_changed_composite_type_is_learnt_again(lone: PrototypePool) -> None:
    await lone.execute("create type pg_temp.pair as (a int)")
    await lone.execute("create temp table pairs (p pg_temp.pair)")
    await lone.execute("insert into pairs values (row(1))")
    assert await lone.fetchval("select p from pairs") == (1,)
    await lone.execute("alter type pg_temp.pair add attribute b text")
    assert await lone.fetchval("select p from pairs") == (1, None)
    assert await lone.execute_query("select p from pairs") == ['{"p":{"a":1,"b":null}}']


async def test_statements_that_somebody_deallocated_are_prepared_again(lone: PrototypePool) -> None:
    for sql in ("deallocate all", "discard all", "do $$ begin execute 'deallocate all'; end $$"):
        assert await lone.fetchval("select 'kept'") == "kept"
        await lone.execute(sql)
        assert await lone.fetchval("select 'kept'") == "kept"


async def test_types_are_known_after_statements_were_deallocated(lone: PrototypePool) -> None:
    """tokio-postgres asks the server for types with prepared statements, so these can be deallocated as well."""
    numbers = "select array[1]::information_schema.cardinal_number[]"
    for sql in ("deallocate all", "discard all"):
        assert await lone.fetchval(numbers) == [1]
        await lone.execute(sql)
        await lone.execute("select 1")
        assert await lone.fetchval(numbers) == [1]


async def test_parameters_of_a_changed_table_are_learnt_again(lone: PrototypePool) -> None:
    await lone.execute("create temp table retyped (a int)")
    insert, select = "insert into retyped values ($1)", "select a from retyped where a = $1"
    assert await lone.execute(insert, 1) == 1
    assert await lone.fetchval(select, 1) == 1
    await lone.execute("alter table retyped alter a type text")
    assert await lone.execute(insert, "two") == 1
    assert await lone.fetchval(select, "two") == "two"
    await lone.execute("alter table retyped alter a type date using '2026-11-23'")
    assert await lone.fetchval(select, dt.date(2026, 11, 23)) == dt.date(2026, 11, 23)


async def test_a_type_that_was_made_again_is_learnt_again(lone: PrototypePool) -> None:
    for _ in range(2):
        await lone.execute("create type pg_temp.mood as enum ('calm')")
        assert await lone.fetchval("select $1::pg_temp.mood = 'calm'", "calm")
        await lone.execute("drop type pg_temp.mood")


async def test_a_value_that_is_no_good_is_refused_once(lone: PrototypePool) -> None:
    """Parameters whose types have not changed are not sent a second time."""
    await lone.execute("create temp sequence attempts")
    sql = "select ($1::text || nextval('attempts'))::int"
    for _ in range(2):
        with pytest.raises(fraiseql.DataError):
            await lone.fetch(sql, "no number")
    assert await lone.fetchval("select last_value from attempts") == 2


async def test_a_statement_is_not_run_twice(lone: PrototypePool) -> None:
    await lone.execute("create temp table log (a int)")
    insert = "insert into log values (1) returning *"
    await lone.fetch(insert)
    await lone.execute("alter table log add b int")
    assert await lone.fetch(insert) == [(1, None)]
    assert await lone.fetchval("select count(*) from log") == 2


async def test_not_supported_is_not_mistaken_for_an_old_plan(lone: PrototypePool) -> None:
    await lone.execute("create temp sequence attempts")
    sql = """do $$ begin perform nextval('attempts'); raise exception 'no' using errcode = '0A000'; end $$"""
    with pytest.raises(fraiseql.NotSupportedError):
        await lone.execute(sql)
    assert await lone.fetchval("select last_value from attempts") == 1


async def test_a_cancelled_preparation_leaves_no_trace(lone: PrototypePool) -> None:
    for number in range(30):
        task = asyncio.ensure_future(lone.fetchval(f"select {number} as traced"))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
    assert await lone.fetchval("select 'after'") == "after"
    assert await lone.fetchval(PREPARED, "%as traced") <= 30


async def test_cancelled_preparations_are_bounded(make_pool: MakePool) -> None:
    pool = make_pool(max_connections=1, statement_cache_size=5)
    await pool.fetchval("select 'ready'")
    for number in range(200):
        query = pool.fetchval(f"select {number} as abandoned")
        await asyncio.sleep(number % 20 / 50_000)
        query.cancel()
        await asyncio.wait({query})
    assert await pool.fetchval(PREPARED, "%as abandoned") <= 2 * 5


async def test_cancelled_preparations_are_bounded_in_bytes(make_pool: MakePool) -> None:
    pool = make_pool(max_connections=1, statement_cache_bytes=50_000)
    await pool.fetchval("select 'ready'")
    for number in range(200):
        query = pool.fetchval(statement(f"abandoned{number}", 10_000))
        await asyncio.sleep(number % 20 / 50_000)
        query.cancel()
        await asyncio.wait({query})
    assert await pool.fetchval(PREPARED, "%abandoned%") <= 2 * 5
