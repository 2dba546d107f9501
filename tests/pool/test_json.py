"""Do rows as JSON agree with PostgreSQL's own ``row_to_json``, byte for byte, for random values of every type?"""

from __future__ import annotations

import asyncio
import json
import random
import string
from typing import TYPE_CHECKING

import pytest

import fraiseql
from own_server import installed, own_server

if TYPE_CHECKING:
    from collections.abc import Callable

    from fraiseql import PrototypePool
    from pool_server import MakePool

Chance = random.Random
ROWS = 60


def integer(bits: int) -> Callable[[Chance], str]:
    def literal(chance: Chance) -> str:
        size = chance.randint(0, bits - 1)
        return str(chance.randint(-(2**size), 2**size - 1))

    return literal


def floating(digits: int, exponent: int) -> Callable[[Chance], str]:
    def literal(chance: Chance) -> str:
        kind = chance.random()
        if kind < 0.1:
            return chance.choice(["NaN", "Infinity", "-Infinity", "0", "-0"])
        if kind < 0.4:
            return repr(chance.choice([1, 3, 5]) * 2.0 ** chance.randint(-exponent * 3, exponent * 3))
        mantissa = round(chance.uniform(-10, 10), chance.randint(0, digits))
        return f"{mantissa}e{chance.randint(-exponent, exponent)}"

    return literal


def numeric(chance: Chance) -> str:
    if chance.random() < 0.05:
        return "NaN"
    whole = "".join(chance.choices(string.digits, k=chance.randint(1, 25)))
    part = "".join(chance.choices("0000123456789", k=chance.randint(0, 25)))
    zeros = "0" * chance.choice([0, 0, 3, 4, 8])
    return (
        chance.choice(["", "-"])
        + (whole + zeros if chance.random() < 0.7 else "0")
        + ("." + zeros + part if part else "")
    )


def text(chance: Chance) -> str:
    points = [
        chance.choice([*range(1, 128), 0xE4, 0x20AC, 0x2028, 0x1F600, 0x10FFFF]) for _ in range(chance.randint(0, 12))
    ]
    return "".join(map(chr, points))


def clock(chance: Chance) -> str:
    fraction = chance.choice(["", ".5", ".000001", ".123456", f".{chance.randint(0, 999999):06}"])
    return f"{chance.randint(0, 23):02}:{chance.randint(0, 59):02}:{chance.randint(0, 59):02}{fraction}"


def day(chance: Chance) -> str:
    if chance.random() < 0.1:
        return chance.choice(["infinity", "-infinity"])
    year, era = chance.choice(
        [(chance.randint(1, 9999), ""), (chance.randint(1, 4713), " BC"), (chance.randint(10000, 200000), "")]
    )
    return f"{year:04}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}{era}"


def moment(chance: Chance) -> str:
    date = day(chance)
    if "infinity" in date:
        return date
    date, _, era = date.partition(" ")
    return f"{date} {clock(chance)} {era}".strip()


def zoned(chance: Chance) -> str:
    return clock(chance) + chance.choice(["+00", "-03:30", "+05:45", "+14", "-11:59:59"])


def interval(chance: Chance) -> str:
    parts = [f"{chance.randint(-400, 400)} {unit}" for unit in ("months", "days") if chance.random() < 0.7]
    sign = chance.choice(["", "-"])
    hours = chance.choice([0, chance.randint(0, 23), chance.randint(0, 100000)])
    return " ".join(
        [*parts, f"{sign}{hours}:{chance.randint(0, 59):02}:{chance.randint(0, 59):02}.{chance.randint(0, 999999):06}"]
    )


def hexadecimal(count: int) -> Callable[[Chance], str]:
    return lambda chance: "".join(chance.choices("0123456789abcdef", k=count))


def bytes_literal(chance: Chance) -> str:
    return "\\x" + hexadecimal(2 * chance.randint(0, 20))(chance)


def bits(chance: Chance) -> str:
    return "".join(chance.choices("01", k=chance.randint(0, 40)))


def address(chance: Chance) -> str:
    if chance.random() < 0.5:
        return ".".join(str(chance.randint(0, 255)) for _ in range(4)) + chance.choice(
            ["", f"/{chance.randint(0, 32)}"]
        )
    groups = [chance.choice([0, 0, 0, 0xFFFF, chance.randint(0, 65535)]) for _ in range(8)]
    return ":".join(f"{group:x}" for group in groups) + chance.choice(["", f"/{chance.randint(0, 128)}"])


def network(chance: Chance) -> str:
    if chance.random() < 0.5:
        return f"10.{chance.randint(0, 255)}.0.0/16"
    return chance.choice(["::/0", "2001:db8::/32", "::ffff:0:0/96", "::1:0:0/96", "1::8/128"])


def document(chance: Chance) -> str:
    value = {
        text(chance).replace("\x00", ""): [chance.random(), None, True, {"n": [text(chance)]}],
        "": chance.randint(-9, 9),
    }
    return json.dumps(value, ensure_ascii=chance.random() < 0.5, indent=chance.choice([None, 1]))


def range_of(bound: Callable[[Chance], str]) -> Callable[[Chance], str]:
    def literal(chance: Chance) -> str:
        if chance.random() < 0.1:
            return "empty"
        low, high = f'"{bound(chance)}"', f'"{bound(chance)}"'
        return (
            chance.choice("[(")
            + chance.choice([low, "", low])
            + ","
            + chance.choice([high, "", high])
            + chance.choice("])")
        )

    return literal


TYPES: dict[str, Callable[[Chance], str]] = {
    "int2": integer(16),
    "int4": integer(32),
    "int8": integer(64),
    "oid": lambda chance: str(chance.randint(0, 2**32 - 1)),
    "float4": floating(7, 10),
    "float8": floating(16, 30),
    "numeric": numeric,
    "text": text,
    "varchar": text,
    "bpchar": text,
    "name": text,
    '"char"': lambda chance: chance.choice(string.printable),
    "bytea": bytes_literal,
    "bool": lambda chance: chance.choice("tf"),
    "date": day,
    "time": clock,
    "timetz": zoned,
    "timestamp": moment,
    "timestamptz": moment,
    "interval": interval,
    "uuid": hexadecimal(32),
    "json": document,
    "jsonb": document,
    "inet": address,
    "cidr": network,
    "macaddr": hexadecimal(12),
    "macaddr8": hexadecimal(16),
    "varbit": bits,
    "pg_lsn": lambda chance: f"{hexadecimal(8)(chance)}/{hexadecimal(6)(chance)}",
    "xid": lambda chance: str(chance.randint(0, 2**32 - 1)),
    "xml": lambda chance: f"<a b='{chance.random()}'>&amp;</a>",
    "tid": lambda chance: f"({chance.randint(0, 2**32 - 1)},{chance.randint(0, 65535)})",
    "int4range": range_of(integer(32)),
    "int8range": range_of(integer(64)),
    "numrange": range_of(lambda chance: str(chance.uniform(-5, 5))),
    "daterange": range_of(day),
    "tsrange": range_of(moment),
    "tstzrange": range_of(moment),
}


async def values_of(pool: PrototypePool, type_name: str, chance: Chance) -> list[str]:
    """Draw literals that the server accepts: the bounds of a random range may be in the wrong order."""
    drawn = [TYPES[type_name](chance) for _ in range(ROWS)]
    taken = []
    for literal in drawn:
        try:
            await pool.fetchval(f"select ($1::{type_name})::text", literal)
        except fraiseql.DataError:
            continue
        taken.append(literal)
    assert len(taken) > ROWS // 4, f"only {len(taken)} of {ROWS} literals are of type {type_name}"
    return taken


@pytest.mark.parametrize("type_name", TYPES)
async def test_rows_agree_with_row_to_json(lone: PrototypePool, type_name: str) -> None:
    """Each value is tested alone, beside another column, in a two-dimensional array with a null, and in a row."""
    await lone.execute(f"create type pg_temp.made as (x {type_name}, y {type_name}, z {type_name})")
    literals = await values_of(lone, type_name, random.Random(type_name))
    rows = f"""select v as "a \\ ""b", 1 as one, array[[v, null], [v, v]] as many,
               row(v, null, v)::pg_temp.made as made, null::{type_name} as "null"
               from unnest($1::text[]) as t(x), lateral (select x::{type_name}) as u(v)"""
    ours = await lone.execute_query(rows, [literals])
    theirs = await lone.execute_query(f"select row_to_json(r)::text as j from ({rows}) as r", [literals])
    assert len(ours) == len(literals)
    for mine, server in zip(ours, theirs):
        assert mine == json.loads(server)["j"]
        json.loads(mine)


async def test_floats_of_few_and_of_many_digits_agree(pool: PrototypePool) -> None:
    """This includes the places where their form changes: at 1e-4, at 1e15, and past six decimals."""
    floats = """select v from generate_series(1, 4000) as i, lateral (values
                  (round((random() * 1e5)::numeric, i % 9)::float8), (-i / 8.0), (i * 1.5), (i / 1e7),
                  (1e-4 - i * 1e-9),
                  (random() * 10::float8 ^ (i % 20)), (trunc(random() * 1e16) / 10::float8 ^ (i % 8)),
                  (1e15 - i / 8.0), (9007199254740992 - i), (1e15 - 2000 + i),
                  (i * 10::float8 ^ (i % 30 - 15)), (-0.0::float8 * i)
                ) as t(v)"""
    rows = await pool.fetch(f"select v::float8::text as shown from ({floats}) as f")
    assert len(rows) == 48_000
    # The values stay the same: their texts read back unchanged.
    shown = [row["shown"] for row in rows]
    ours = await pool.execute_query(
        "select v::float8 as v from unnest($1::text[]) with ordinality as t(v, n) order by n", [shown]
    )
    assert ours == [f'{{"v":{text}}}' for text in shown]


async def test_multiranges_agree(pool: PrototypePool) -> None:
    if await pool.fetchval("select current_setting('server_version_num')::int") < 140000:
        pytest.skip("multiranges come with 14")
    rows = """select '{[1,3),[5,)}'::int4multirange as a, '{}'::nummultirange as b,
              '{[2024-01-01,2024-02-01)}'::datemultirange as c"""
    assert await pool.execute_query(rows) == await pool.execute_query(f"select row_to_json(r) from ({rows}) r")


async def test_arrays_of_any_shape_agree(pool: PrototypePool) -> None:
    rows = """select '{}'::int[] as none, '[5:6]={1,2}'::int[] as shifted, '{{{1},{2}},{{3},{null}}}'::int[] as deep,
              array[]::text[] as empty, array[array['a"', e'\\\\'], array[null, '']] as texts"""
    assert await pool.execute_query(rows) == await pool.execute_query(f"select row_to_json(r) from ({rows}) r")


async def test_user_types_agree(lone: PrototypePool) -> None:
    await lone.execute("create type pg_temp.mood as enum ('sad \"x\"', 'ok')")
    await lone.execute("create domain pg_temp.small as int[]")
    await lone.execute('create type pg_temp.pair as ("a ""b" text, many pg_temp.small, feeling pg_temp.mood)')
    await lone.execute("create type pg_temp.words as range (subtype = text)")
    rows = """select 'sad "x"'::pg_temp.mood as m, array['ok'::pg_temp.mood] as ms, '{1}'::pg_temp.small as s,
              row('x', '{1,null}', 'ok')::pg_temp.pair as p, array[row(null, null, null)::pg_temp.pair] as ps,
              pg_temp.words('a "b', 'c,d\\') as w"""
    assert await lone.execute_query(rows) == await lone.execute_query(f"select row_to_json(r) from ({rows}) r")


async def test_a_server_of_other_habits_agrees(make_pool: MakePool) -> None:
    if not installed():
        pytest.skip("no initdb and postgres on PATH to start a server with")
    with own_server() as server:
        owner = make_pool(**server.settings)
        for habit in ("bytea_output = escape", "extra_float_digits = 0", "array_nulls = off"):
            await owner.execute(f"alter role postgres set {habit}")
        pool = make_pool(**server.settings)
        rows = "select 'ab'::bytea as b, 0.1::float8 + 0.2::float8 as f, 0.1::float4 as g"
        assert await pool.execute_query(rows) == await pool.execute_query(f"select row_to_json(r) from ({rows}) r")
        assert await pool.fetchval("select $1::text[]", [None]) == [None]
        await asyncio.gather(owner.close(), pool.close())


@pytest.mark.parametrize("column", ["row(a)", "array[row(a)]", "(select s from (select a) as s)"])
async def test_a_row_without_a_type_is_refused(lone: PrototypePool, column: str) -> None:
    """PostgreSQL prints the names of its columns, but does not send them."""
    await lone.execute("create temp table untouched (a int)")
    with pytest.raises(fraiseql.DataError, match=r'column "r" has type _?record.*to_json'):
        await lone.execute_query(f"insert into untouched values (1) returning {column} as r")
    assert await lone.execute_query("select count(*) from untouched") == ['{"count":0}']


async def test_a_row_without_a_type_goes_through_to_json(pool: PrototypePool) -> None:
    sql = "select to_json(s) as s, 1 as one from (select 1 as x, 2 as y) as s"
    assert await pool.execute_query(sql) == ['{"s":{"x":1,"y":2},"one":1}']


async def test_void_agrees(pool: PrototypePool) -> None:
    assert await pool.execute_query("select pg_sleep(0) as v") == ['{"v":""}']


async def test_a_document_alone_stands_for_its_row(pool: PrototypePool) -> None:
    sql = "select v from unnest(array['{\"a\": 1}', '[1, 2]', null, '\"x\"']::jsonb[]) as t(v)"
    assert await pool.execute_query(sql) == ['{"a": 1}', "[1, 2]", "null", '"x"']
    assert await pool.execute_query("select '{\"a\" :1}'::json") == ['{"a" :1}']
    assert await pool.execute_query("select '1'::json as a, '2'::json as b") == ['{"a":1,"b":2}']


async def test_rows_without_columns(pool: PrototypePool) -> None:
    assert await pool.execute_query("select from generate_series(1, 2)") == ["{}", "{}"]
    assert await pool.execute_query("select where false") == []


async def test_a_column_that_cannot_be_converted_is_named(pool: PrototypePool) -> None:
    with pytest.raises(fraiseql.DataError, match=r'column "p" has type point.*::text'):
        await pool.execute_query("select 1 as a, '(1,2)'::point as p")
    assert await pool.execute_query("select '(1,2)'::point::text as p") == ['{"p":"(1,2)"}']
