"""Does every type come back from the server as the Python value that went there?"""

from __future__ import annotations

import contextlib
import enum
import json
import math
import uuid
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from ipaddress import ip_address, ip_interface, ip_network
from typing import TYPE_CHECKING, Any

import pytest

import fraiseql
from fraiseql import Interval, Range
from pool_server import DEEP_TYPES, DEEP_VALUE

if TYPE_CHECKING:
    from fraiseql import PrototypePool

EAST = timezone(timedelta(hours=5, minutes=45))
UUID = uuid.UUID("12345678-9abc-def0-1234-56789abcdef0")

ROUND_TRIPS: list[tuple[str, Any]] = [
    *[("int2", value) for value in (0, -(2**15), 2**15 - 1)],
    *[("int4", value) for value in (0, -(2**31), 2**31 - 1)],
    *[("int8", value) for value in (0, -(2**63), 2**63 - 1)],
    ("oid", 2**32 - 1),
    *[("float8", value) for value in (0.0, -0.0, 0.1, 1e308, 5e-324, math.inf, -math.inf)],
    *[("float4", value) for value in (1.5, -0.25, math.inf)],
    *[("numeric", Decimal(text)) for text in ("0", "1.50", "-0.00012300", "1e-30", "9" * 40 + "." + "1" * 40)],
    ("numeric", 2**200),
    *[("text", value) for value in ("", "plain", "ä€\U0001f600\U0010ffff", "a\"b\\c'd\n\t\x01\x7f", "$1")],
    ("varchar", "x"),
    ("name", "n"),
    ("bytea", bytes(range(256))),
    ("bytea", b""),
    ("bool", True),
    ("bool", False),
    *[("date", value) for value in (date.min, date(2000, 2, 29), date.max, math.inf, -math.inf)],
    *[("timestamp", value) for value in (datetime.min, datetime(2024, 2, 29, 1, 2, 3, 4), datetime.max)],  # noqa: DTZ001, DTZ901
    *[("timestamp", value) for value in (math.inf, -math.inf)],
    ("timestamptz", datetime(1969, 12, 31, 23, 59, 59, 999999, EAST)),
    ("timestamptz", math.inf),
    ("time", time(23, 59, 59, 999999)),
    ("timetz", time(1, 2, 3, tzinfo=EAST)),
    *[("interval", value) for value in (timedelta(0), timedelta(-3, 4, 5), timedelta(99999, 86399, 999999))],
    ("interval", Interval(months=-14, days=3, microseconds=-5)),
    ("interval[]", [Interval(1), timedelta(1), None]),
    ("uuid", UUID),
    *[("jsonb", value) for value in ({"a": [1, None, True, 1.5, "x\0".strip("\0")], "b": {}}, [], [[1]], 5, True)],
    ("json", {"ä": '"'}),
    ("inet", ip_address("192.168.0.1")),
    ("inet", ip_interface("192.168.0.1/24")),
    ("inet", ip_address("::ffff:1.2.3.4")),
    ("inet", ip_interface("2001:db8::1/64")),
    ("cidr", ip_network("10.0.0.0/8")),
    ("cidr", ip_network("2001:db8::/32")),
    ("macaddr", "08:00:2b:01:02:03"),
    ("macaddr8", "08:00:2b:01:02:03:04:05"),
    ("bit(9)", "101000001"),
    ("varbit", ""),
    ("pg_lsn", "16/B374D848"),
    ("tid", "(7,3)"),
    ("xml", "<a>1</a>"),
    ('"char"', "x"),
    ("int4[]", []),
    ("int4[]", [1, None, -3]),
    ("int4[]", [[[1, 2], [3, None]], [[5, 6], [7, 8]]]),
    ("text[]", ["", "NULL", None, 'a"b', "c\\d", "{e,f}", " g "]),
    ("bytea[]", [b"\x00\xff", None]),
    ("timestamptz[]", [datetime(2024, 1, 1, tzinfo=timezone.utc), -math.inf]),
    ("uuid[]", [UUID]),
    ("jsonb[]", [{"a": 1}, None]),
    ("json[]", [[1, 2]]),
    ("json[]", [[], None, [[3]]]),
    ("int2vector", [1, -2]),
    ("oidvector", []),
    ("int2vector[]", [[1], [2, 3]]),
    ("int4range", Range(1, 10)),
    ("int8range", Range(None, 10)),
    ("numrange", Range(Decimal("1.5"), Decimal("2.5"), "(]")),
    ("daterange", Range(date(2024, 1, 1), None)),
    ("tsrange", Range(datetime(2024, 1, 1), datetime(2024, 1, 2), "[]")),  # noqa: DTZ001
    ("tstzrange", Range(None, None, "()")),
    ("int4range", Range(empty=True)),
    ("int4range[]", [Range(1, 2), None]),
]


def names(value: object) -> str:
    return repr(value)[:40]


@pytest.mark.parametrize(("type_name", "value"), ROUND_TRIPS, ids=names)
async def test_a_value_makes_the_round_trip(pool: PrototypePool, type_name: str, value: object) -> None:
    got = await pool.fetchval(f"select $1::{type_name}", value)
    assert got == value
    assert repr(got) == repr(value) or isinstance(value, (int, datetime))


@pytest.mark.parametrize("type_name", ["float4", "float8", "numeric"])
async def test_nan_makes_the_round_trip(pool: PrototypePool, type_name: str) -> None:
    got = await pool.fetchval(f"select $1::{type_name}", math.nan)
    assert got.is_nan() if isinstance(got, Decimal) else math.isnan(got)


async def test_numeric_has_infinities_where_the_server_has(pool: PrototypePool) -> None:
    if await pool.fetchval("select current_setting('server_version_num')::int") < 140000:
        pytest.skip("numeric has no infinity before 14")
    assert await pool.fetchval("select $1::numeric", Decimal("-Infinity")) == Decimal("-Infinity")


async def test_multiranges_are_lists_where_the_server_has_them(pool: PrototypePool) -> None:
    if await pool.fetchval("select current_setting('server_version_num')::int") < 140000:
        pytest.skip("multiranges come with 14")
    value = [Range(1, 2), Range(5, 9)]
    assert await pool.fetchval("select $1::int4multirange", value) == value
    assert await pool.fetchval("select $1::int4multirange", []) == []
    assert await pool.fetchval("select $1::int4multirange[]", [value, []]) == [value, []]


@pytest.mark.parametrize("type_name", ["int4", "text", "bytea", "jsonb", "int4[]", "int4range", "timestamptz"])
async def test_none_is_null(pool: PrototypePool, type_name: str) -> None:
    assert await pool.fetchrow(f"select $1::{type_name}, $1::{type_name} is null", None) == (None, True)


async def test_a_str_is_the_text_form_of_any_type(pool: PrototypePool) -> None:
    row = await pool.fetchrow(
        "select $1::int, $2::date, $3::int[], $4::point::text, $5::jsonb", *["7", "2024-01-02", "{1}", "(1,2)", "[3]"]
    )
    assert row == (7, date(2024, 1, 2), [1], "(1,2)", [3])


async def test_enums_domains_and_composites(lone: PrototypePool) -> None:
    await lone.execute("create type pg_temp.mood as enum ('sad', 'ok')")
    await lone.execute("create domain pg_temp.small as int check (value < 10)")
    await lone.execute("create type pg_temp.pair as (label text, many int[], feeling pg_temp.mood)")
    assert await lone.fetchval("select $1::pg_temp.mood", "ok") == "ok"
    assert await lone.fetchval("select array[$1::pg_temp.mood]", "sad") == ["sad"]
    assert await lone.fetchval("select $1::pg_temp.small", 9) == 9
    with pytest.raises(fraiseql.IntegrityError):
        await lone.fetchval("select $1::pg_temp.small", 10)
    await lone.execute("create domain pg_temp.many as int[]")
    assert await lone.fetchval("select $1::pg_temp.many[]", [[1, 2], [], None]) == [[1, 2], [], None]
    pair = await lone.fetchval("select $1::pg_temp.pair", ('a "q" (b), \\', [1, None], None))
    assert pair == ('a "q" (b), \\', [1, None], None)
    assert pair["many"] == [1, None]
    assert await lone.fetchval("select $1::pg_temp.pair", pair) == pair


async def test_a_row_without_a_type_is_a_record(pool: PrototypePool) -> None:
    row = await pool.fetchval("select row(1, 'a'::text, null::int, array[2])")
    assert row == (1, "a", None, [2])
    assert row["f2"] == "a"


@pytest.mark.parametrize("depth", [201, 3000])
async def test_rows_nested_without_end_are_refused(lone: PrototypePool, depth: int) -> None:
    """It runs over every bridge, because the converting threads have a smaller stack than the main thread."""
    for fetch in (lone.fetch, lone.fetchrow, lone.fetchval):
        with pytest.raises(fraiseql.DataError, match=r'column "row" of type record: .* more than 200 deep'):
            await fetch(f"select {'row(' * depth}1{')' * depth}")
    row = await lone.fetchval(f"select {'row(' * 200}1{')' * 200}")
    for _ in range(200):
        (row,) = row
    assert row == 1


async def test_types_nested_without_end_are_refused(lone: PrototypePool) -> None:
    await lone.execute(DEEP_TYPES)
    for fetch in (lone.fetch, lone.execute_query):
        with pytest.raises(fraiseql.DataError, match=r'column "v" of type .*deep201: .* more than 200 deep'):
            await fetch(f"select {DEEP_VALUE} as v")


async def test_a_list_among_documents_is_a_document(pool: PrototypePool) -> None:
    for type_name in ("json", "jsonb"):
        stored = await pool.fetchval(f"select $1::{type_name}[]::text", [[1, [2]], [], None, "[3]"])
        assert stored.replace(" ", "") == '{"[1,[2]]",[],NULL,[3]}'


async def test_an_int_of_any_size_is_a_number(pool: PrototypePool) -> None:
    """Python itself refuses to print an int of more than 4,300 digits."""
    assert await pool.fetchval("select $1::numeric", -(10**5000)) == -(10**5000)
    assert await pool.fetchval("select $1::jsonb::numeric", 10**5000) == 10**5000


async def test_the_largest_numeric_has_all_its_digits(pool: PrototypePool) -> None:
    digits = "1" + "0" * 131071 + ".0"
    assert str(await pool.fetchval("select '1e131071'::numeric * 1.0")) == digits
    assert await pool.execute_query("select '1e131071'::numeric * 1.0 as n") == [f'{{"n":{digits}}}']


@pytest.mark.parametrize("sql", ["repeat('[', 9000) || repeat(']', 9000)", "repeat('1', 5000)"])
async def test_a_document_that_python_cannot_hold_is_refused(pool: PrototypePool, sql: str) -> None:
    document = await pool.fetchval(f"select {sql}")
    with contextlib.suppress(RecursionError, ValueError):
        json.loads(document)
        pytest.skip("this Python can")
    with pytest.raises(fraiseql.DataError, match=r'column "j" of type json: .*::text') as caught:
        await pool.fetchval(f"select ({sql})::json as j")
    assert isinstance(caught.value.__cause__, (RecursionError, ValueError))


async def test_void_is_none(pool: PrototypePool) -> None:
    assert await pool.fetch("select pg_sleep(0)") == [(None,)]


async def test_enums_of_python_count_by_their_value(pool: PrototypePool) -> None:
    class Text(str, enum.Enum):
        A = "a"

    class Number(enum.IntEnum):
        BIG = 2**70

    assert await pool.fetchrow("select $1::text, $2::numeric", Text.A, Number.BIG) == ("a", 2**70)


@pytest.mark.parametrize("value", [bytearray(b"\x00\xff"), memoryview(b"\x00\xff")], ids=type)
async def test_other_bytes_are_bytea(pool: PrototypePool, value: object) -> None:
    assert await pool.fetchval("select $1::bytea", value) == b"\x00\xff"


REFUSED_RESULTS = [
    ("select '(1,2)'::point", "point"),
    ("select '1'::money", "money"),
    ("select 'a'::tsvector as words", "words.*tsvector"),
    ("select array['a'::tsvector]", r"tsvector\[\]"),
    ("select '{}'::aclitem[]", r"aclitem\[\]"),
    ("select 'pg_class'::regclass", "regclass"),
    ("select date '10000-01-01'", "its year"),
    ("select date '0001-01-01 BC'", "its year"),
    ("select time '24:00'", "24:00"),
    ("select interval '2000000000 days'", "days=2000000000"),
]


@pytest.mark.parametrize(("sql", "told"), REFUSED_RESULTS, ids=names)
async def test_a_value_without_a_python_type_is_refused(lone: PrototypePool, sql: str, told: str) -> None:
    pid = await lone.fetchval("select pg_backend_pid()")
    with pytest.raises(fraiseql.DataError, match=told) as caught:
        await lone.fetch(sql)
    assert 'column "' in str(caught.value)
    assert "::text" in str(caught.value)
    assert await lone.fetchval("select pg_backend_pid()") == pid


async def test_a_refused_column_runs_nothing(lone: PrototypePool) -> None:
    await lone.execute("create temp table untouched (p point)")
    with pytest.raises(fraiseql.DataError, match="point"):
        await lone.fetch("insert into untouched values ('(1,2)') returning p")
    assert await lone.fetchval("select count(*) from untouched") == 0
    assert await lone.execute("insert into untouched values ('(1,2)') returning p") == 1


REFUSED_PARAMETERS: list[tuple[str, Any, type[Exception], str]] = [
    ("int4", object(), fraiseql.DataError, r"\$1.*object"),
    ("int4", "x", fraiseql.DataError, "invalid input syntax"),
    ("int4", 2**31, fraiseql.DataError, "out of range"),
    ("int4", 1.5, fraiseql.DataError, "invalid input syntax"),
    ("int4", [1], fraiseql.DataError, "a list"),
    ("int4", (1,), fraiseql.DataError, "a tuple"),
    ("int4", {"a": 1}, fraiseql.DataError, "a dict"),
    ("text", b"x", fraiseql.DataError, "bytes"),
    ("text", "a\0b", fraiseql.DataError, "UTF8"),
    ("jsonb", math.nan, fraiseql.DataError, "NaN"),
    ("jsonb", {1: 2}, fraiseql.DataError, r"\$1.*dict"),
    ("jsonb", "{", fraiseql.DataError, "json"),
    ("timestamp", datetime.now(timezone.utc), fraiseql.DataError, "aware"),
    ("date", datetime(2024, 1, 2, 0, 30, tzinfo=EAST), fraiseql.DataError, "aware"),
    ("daterange", Range(datetime(2024, 1, 2, 0, 30, tzinfo=EAST), None), fraiseql.DataError, "aware"),
    ("time", time(1, 2, tzinfo=EAST), fraiseql.DataError, "aware"),
    ("int2vector", [1, None], fraiseql.DataError, "no NULL"),
    ("int4range", [1, 2], fraiseql.DataError, "a list"),
]


@pytest.mark.parametrize(("type_name", "value", "expected", "told"), REFUSED_PARAMETERS, ids=names)
async def test_a_parameter_that_does_not_fit_is_refused(
    pool: PrototypePool, type_name: str, value: object, expected: type[Exception], told: str
) -> None:
    with pytest.raises(expected, match=told):
        await pool.fetchval(f"select $1::{type_name}", value)


async def test_a_list_that_holds_itself_is_refused(pool: PrototypePool) -> None:
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(fraiseql.DataError):
        await pool.fetchval("select $1::int[]", endless)


@pytest.mark.parametrize("params", [(), (1, 2)])
async def test_a_wrong_number_of_parameters_is_told(pool: PrototypePool, params: tuple[int, ...]) -> None:
    with pytest.raises(fraiseql.InterfaceError, match=f"takes 1 parameters, got {len(params)}"):
        await pool.fetchval("select $1::int", *params)


async def test_execute_query_takes_a_sequence(pool: PrototypePool) -> None:
    assert await pool.execute_query("select $1::int + $2::int as sum", [1, 2]) == ['{"sum":3}']
    assert await pool.execute_query("select $1::text as t", ("x",)) == ['{"t":"x"}']
    with pytest.raises(TypeError, match="sequence"):
        await pool.execute_query("select $1::text", "x")


async def test_execute_counts_rows(lone: PrototypePool) -> None:
    await lone.execute("create temp table counted (a int)")
    assert await lone.execute("insert into counted select generate_series(1, 7)") == 7
    assert await lone.execute("update counted set a = 0 where a > $1", 3) == 4
    assert await lone.execute("select from counted") == 7
    assert await lone.execute("create temp table other (a int)") == 0
    assert await lone.execute("") == 0


async def test_no_rows(pool: PrototypePool) -> None:
    assert await pool.fetch("select 1 where false") == []
    assert await pool.fetchrow("select 1 where false") is None
    assert await pool.fetchval("select 1 where false") is None
    assert await pool.fetch("select") == [()]
    assert await pool.fetchval("select") is None


async def test_an_error_behind_the_first_row_is_raised(pool: PrototypePool) -> None:
    sql = "select repeat('x', 10000), 1 / (100 - i) from generate_series(1, 200) as i"
    for fetch in (pool.fetch, pool.fetchrow, pool.fetchval, pool.execute, pool.execute_query):
        with pytest.raises(fraiseql.DataError, match="division by zero"):
            await fetch(sql)


async def test_a_row_without_an_object_ends_the_query_and_not_its_connection(lone: PrototypePool) -> None:
    """The row is in the middle of a long answer, and the rows before it have become objects."""
    pid = await lone.fetchval("select pg_backend_pid()")
    day = "case when i = 700 then '0044-03-15 BC' else '2024-02-29' end::date"
    rows = f"select {day} as t from generate_series(1, 5000) as i"
    with pytest.raises(fraiseql.DataError, match='"t"'):
        await lone.fetch(rows)
    assert await lone.fetchval("select pg_backend_pid()") == pid
    assert len(await lone.fetch(f"select * from ({rows}) as r where t > '2000-01-01'")) == 4999
