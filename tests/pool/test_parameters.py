"""Which Python value does for which type, besides the one that the type's values come back as?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import fraiseql
from fraiseql import Range

if TYPE_CHECKING:
    from fraiseql import PrototypePool

TUPLES: list[tuple[str, Any, Any]] = [
    ("int4[]", (), []),
    ("int4[]", (1, None, True), [1, None, 1]),
    ("int4[]", ((1, 2), (3, None)), [[1, 2], [3, None]]),
    ("int4[]", ([1, 2], (3, 4)), [[1, 2], [3, 4]]),
    ("int4[]", [(1,), (2,)], [[1], [2]]),
    ("int4[]", ((), [()]), []),
    ("text[]", ("a", "b"), ["a", "b"]),
    ("jsonb[]", ((1, 2), {"a": (3,)}), [[1, 2], {"a": [3]}]),
    ("int2vector", (1, 2), [1, 2]),
    ("int2vector[]", ((1, 2), [3]), [[1, 2], [3]]),
    ("int4range[]", (Range(1, 2),), [Range(1, 2)]),
]


@pytest.mark.parametrize(("type_name", "value", "expected"), TUPLES, ids=str)
async def test_a_tuple_for_an_array_is_a_list(
    pool: PrototypePool, type_name: str, value: object, expected: object
) -> None:
    assert await pool.fetchval(f"select $1::{type_name}", value) == expected


async def test_a_tuple_for_a_multirange_is_a_list(pool: PrototypePool) -> None:
    if await pool.fetchval("select current_setting('server_version_num')::int") < 140000:
        pytest.skip("multiranges come with 14")
    value = (Range(1, 2), Range(5, 9))
    assert await pool.fetchval("select $1::int4multirange", value) == list(value)
    assert await pool.fetchval("select $1::int4multirange[]", (value, ())) == [list(value), []]


async def test_a_tuple_for_a_composite_type_is_a_row(lone: PrototypePool) -> None:
    await lone.execute("create type pg_temp.pair as (a int, b text)")
    await lone.execute("create type pg_temp.holder as (many int[], pairs pg_temp.pair[], one pg_temp.pair)")
    await lone.execute("create domain pg_temp.valued as pg_temp.pair check ((value).a > 0)")
    first, second = (1, "a"), (2, None)
    for type_name in ("pg_temp.pair[]", "pg_temp.valued[]"):
        for array in ((first, second), [first, second]):
            assert await lone.fetchval(f"select $1::{type_name}", array) == [first, second]
        for matrix in ([[first, second]], ([first, second],)):
            assert await lone.fetchval(f"select $1::{type_name}", matrix) == [[first, second]]
        with pytest.raises(fraiseql.DataError, match="has 2 columns, got 1"):
            await lone.fetchval(f"select $1::{type_name}", ((first,),))
    holder = await lone.fetchval("select $1::pg_temp.holder", ((1, 2), (first, second), first))
    assert holder == ([1, 2], [first, second], first)
    await lone.execute("create type pg_temp.hollow as ()")
    assert await lone.fetchval("select cardinality($1::pg_temp.hollow[])", ((), ())) == 2


async def test_a_record_for_an_array_is_refused(pool: PrototypePool) -> None:
    """It is a row, so an array of numbers from rows is a mistake, not an array of two dimensions."""
    rows = await pool.fetch("select 1 as id union all select 2")
    for value in (rows, tuple(rows), rows[0]):
        with pytest.raises(fraiseql.DataError, match="a record is a parameter for composite types"):
            await pool.fetchval("select $1::int[]", value)


NUMBERS = ["int2", "int4", "int8", "oid", "xid", "xid8", "cid", "float4", "float8", "numeric"]


@pytest.mark.parametrize("type_name", NUMBERS)
async def test_a_bool_is_an_int_where_an_int_belongs(pool: PrototypePool, type_name: str) -> None:
    for truth in (True, False):
        got = await pool.fetchval(f"select $1::{type_name}", truth)
        assert (got, type(got)) == (truth, type(await pool.fetchval(f"select $1::{type_name}", int(truth))))


async def test_a_bool_inside_a_value_is_what_belongs_there(lone: PrototypePool) -> None:
    await lone.execute("create domain pg_temp.small as int check (value < 10)")
    await lone.execute("create type pg_temp.mixed as (n pg_temp.small, b bool, t text, j jsonb)")
    mixed = await lone.fetchval("select $1::pg_temp.mixed", (True, True, True, [True]))
    assert (mixed, [type(value) for value in mixed]) == ((1, True, "true", [True]), [int, bool, str, list])
    assert await lone.fetchval("select $1::pg_temp.small[]", [True, False]) == [1, 0]
    assert await lone.fetchval("select $1::int2vector", [True, False]) == [1, 0]
    assert await lone.fetchval("select $1::int4range", Range(lower=False, upper=True)) == Range(0, 1)
    assert await lone.fetchval("select $1::bool[]::text", [True, False]) == "{t,f}"
    with pytest.raises(fraiseql.DataError, match="date"):
        await lone.fetchval("select $1::date", *[True])
