"""Do the rows that the caller wants come as they were sent, are the others skipped, and is nothing behind them lost?"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

import fraiseql
from pool_server import DEADLINE
from wire import LengthenValues, SpoilRows, cut, wire

if TYPE_CHECKING:
    from fraiseql import PrototypePool
    from pool_server import MakePool

NUMBERS = "select i, 'DZ2' as t from generate_series(1, 1000) as i"


async def is_clean(pool: PrototypePool, session: int) -> bool:
    """Whether the pool's connection is the same as before, and gives every row again."""
    assert [row[0] for row in await pool.fetch(NUMBERS)] == list(range(1, 1001))
    assert await pool.health_check()
    found: int = await pool.fetchval("select pg_backend_pid()")
    return found == session


async def test_surplus_rows_are_not_decoded(make_pool: MakePool) -> None:
    async with wire(SpoilRows) as port:
        pool = make_pool(host="127.0.0.1", port=port, max_connections=1)
        assert await pool.fetchrow(NUMBERS) == (1, "DZ2")
        assert await pool.fetchval(NUMBERS) == 1
        for fetch in (pool.fetch, pool.execute_query):
            with pytest.raises(fraiseql.ConnectionLostError, match="field count"):
                await fetch(NUMBERS)
        await pool.close()


async def test_a_count_decodes_no_row(make_pool: MakePool) -> None:
    async with wire(SpoilRows) as port:
        pool = make_pool(host="127.0.0.1", port=port, max_connections=1)
        assert await pool.execute(NUMBERS) == 1000
        await pool.close()


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 6, 7, 11, 64])
async def test_bytes_may_come_in_any_pieces(make_pool: MakePool, size: int) -> None:
    async with wire(lambda: cut(size)) as port:
        pool = make_pool(host="127.0.0.1", port=port, max_connections=1)
        few = "select i, repeat('D', i) as t from generate_series(1, 9) as i"
        for _ in range(2):
            assert await pool.fetchrow(few) == (1, "D")
            assert await pool.fetchval(few) == 1
            assert await pool.execute(few) == 9
            assert await pool.fetch(few) == [(i, "D" * i) for i in range(1, 10)]
            assert await pool.fetchrow("select 1 where false") is None
            assert len(await pool.execute_query(few)) == 9
        await pool.close()


async def test_an_insert_that_fails_at_a_surplus_row_is_an_error(lone: PrototypePool) -> None:
    await lone.execute("create temp table held (a int unique)")
    session = await lone.fetchval("select pg_backend_pid()")
    insert = "insert into held select least(i, 4) from generate_series(1, 5) as i returning a"
    for fetch in (lone.fetchrow, lone.fetchval, lone.execute):
        with pytest.raises(fraiseql.IntegrityError) as caught:
            await fetch(insert)
        assert caught.value.sqlstate == "23505"
        assert await lone.fetchval("select count(*) from held") == 0
    assert await is_clean(lone, session)


async def test_an_error_far_behind_the_first_row_is_an_error(lone: PrototypePool) -> None:
    session = await lone.fetchval("select pg_backend_pid()")
    for fetch in (lone.fetchrow, lone.fetchval, lone.execute):
        with pytest.raises(fraiseql.DataError, match="division by zero"):
            await fetch("select 1 / (200000 - i), 'D' from generate_series(1, 300000) as i")
        assert await is_clean(lone, session)


async def test_an_insert_writes_the_surplus_rows(lone: PrototypePool) -> None:
    await lone.execute("create temp table held (a int)")
    insert = "insert into held select generate_series(1, 5000) returning a"
    assert await lone.fetchrow(insert) == (1,)
    assert await lone.fetchval(insert) == 1
    assert await lone.execute(insert) == 5000
    assert await lone.fetchval("select count(*) from held") == 15000


async def test_the_limit_is_that_of_one_statement(lone: PrototypePool) -> None:
    """The questions about a new type are statements with rows, and so is the one of a health check."""
    session = await lone.fetchval("select pg_backend_pid()")
    await lone.execute("create type pg_temp.mood as enum ('sad', 'so so', 'ok')")
    await lone.execute("create type pg_temp.pair as (feeling pg_temp.mood, many int[])")
    for _ in range(3):
        pairs = "select row('ok', array[i])::pg_temp.pair from generate_series(1, 3) as i"
        assert await lone.fetchval(pairs) == ("ok", [1])
        assert await lone.fetch(pairs) == [(("ok", [i]),) for i in (1, 2, 3)]
        assert await lone.execute("select 1") == 1
        assert await lone.health_check()
    assert await is_clean(lone, session)


async def test_a_value_that_ends_after_its_row_is_an_error(make_pool: MakePool) -> None:
    async with wire(LengthenValues) as port:
        pool = make_pool(host="127.0.0.1", port=port, max_connections=1)
        for fetch in (pool.fetch, pool.execute_query, pool.fetchrow):
            with pytest.raises(fraiseql.DataError, match="too short"):
                await fetch(NUMBERS)
        assert await pool.execute(NUMBERS) == 1000
        await pool.close()


@pytest.mark.parametrize("width", [1, 8_000, 8_180, 8_192, 100_000, 3_000_000])
async def test_rows_of_any_width_are_skipped(lone: PrototypePool, width: int) -> None:
    session = await lone.fetchval("select pg_backend_pid()")
    rows = f"select i, repeat('DZ2' || i, {width}) as t from generate_series(1, 5) as i"
    assert await lone.fetchrow(rows) == (1, "DZ21" * width)
    assert await lone.fetchval(f"select t from ({rows}) as r") == "DZ21" * width
    assert await lone.execute(rows) == 5
    assert await is_clean(lone, session)


async def test_other_messages_may_come_between_the_rows(lone: PrototypePool) -> None:
    """A notice and a changed setting are told when they happen."""
    await lone.execute(
        "create function pg_temp.loud(i int) returns int language plpgsql as $$ begin raise notice 'D %', i;"
        " perform set_config('application_name', 'D' || i, false); return i; end $$"
    )
    session = await lone.fetchval("select pg_backend_pid()")
    loud = "select pg_temp.loud(i), repeat('x', 500) from generate_series(1, 200) as i"
    assert (await lone.fetchrow(loud))[0] == 1  # type: ignore[index]
    assert await lone.fetchval(loud) == 1
    assert await lone.execute(loud) == 200
    assert len(await lone.fetch(loud)) == 200
    assert await is_clean(lone, session)


@pytest.mark.parametrize("after", [0.0, 0.001, 0.01, 0.1])
async def test_a_query_that_is_cancelled_among_its_rows_leaves_none(lone: PrototypePool, after: float) -> None:
    session = await lone.fetchval("select pg_backend_pid()")
    for fetch in (lone.fetchrow, lone.fetchval, lone.execute, lone.fetch, lone.execute_query):
        endless = asyncio.ensure_future(fetch("select i, 'D' from generate_series(1, 1000000000) as i"))
        await asyncio.sleep(after)
        endless.cancel()
        await asyncio.wait({endless})
        assert await asyncio.wait_for(is_clean(lone, session), DEADLINE)


async def test_the_loop_goes_on_while_rows_are_skipped(make_pool: MakePool) -> None:
    pool = make_pool()
    endless = asyncio.ensure_future(pool.execute("select i, repeat('x', 100) from generate_series(1, 1000000000) as i"))
    for _ in range(100):
        assert await asyncio.wait_for(pool.fetchval("select 1"), DEADLINE) == 1
    assert not endless.done()
    endless.cancel()
    await asyncio.wait({endless})
