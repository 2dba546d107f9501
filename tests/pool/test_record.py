"""Does a row behave as a tuple, and as a mapping by its columns' names?"""

from __future__ import annotations

import asyncio
import copy
import gc
import pickle
import subprocess
import sys
import weakref
from typing import TYPE_CHECKING

import pytest

from fraiseql import Interval, Range, Record

if TYPE_CHECKING:
    from fraiseql import PrototypePool


@pytest.fixture
async def row(pool: PrototypePool) -> Record:
    found = await pool.fetchrow("select 1 as a, 'x' as b, null as c")
    assert found is not None
    return found


async def test_by_position_and_by_name(row: Record) -> None:
    assert (row[0], row["b"], row[-1], row[:2]) == (1, "x", None, (1, "x"))
    with pytest.raises(IndexError):
        row[3]
    with pytest.raises(KeyError, match="d"):
        row["d"]
    with pytest.raises(TypeError):
        row[None]  # type: ignore[call-overload]


async def test_like_a_tuple(row: Record) -> None:
    assert row == (1, "x", None)
    assert row != (1, "x")
    assert row != [1, "x", None]
    assert (len(row), tuple(row), list(row)) == (3, (1, "x", None), [1, "x", None])
    assert hash(row) == hash((1, "x", None))
    assert "x" in row
    assert "b" not in row
    assert row < (2,)


async def test_like_a_mapping(row: Record) -> None:
    assert dict(row) == {"a": 1, "b": "x", "c": None}
    assert row.keys() == ("a", "b", "c")
    assert row.values() == (1, "x", None)
    assert row.items() == (("a", 1), ("b", "x"), ("c", None))
    assert (row.get("a"), row.get("d"), row.get("d", 5)) == (1, None, 5)


async def test_its_repr_shows_names_and_values(row: Record) -> None:
    assert repr(row) == "<Record a=1 b='x' c=None>"


async def test_of_two_columns_with_one_name_the_last_is_found(pool: PrototypePool) -> None:
    row = await pool.fetchrow("select 1 as a, 2 as a")
    assert row is not None
    assert (row["a"], row[0], row.items()) == (2, 1, (("a", 1), ("a", 2)))


async def test_rows_are_equal_by_value(pool: PrototypePool) -> None:
    first, second = await pool.fetch("select 1 as a union all select 1")
    assert first == second
    assert len({first, second}) == 1


async def test_a_record_in_a_cycle_is_collected(pool: PrototypePool) -> None:
    class Marker:
        pass

    row = await pool.fetchrow("select array[1] as a")
    assert row is not None
    marker = Marker()
    gone = weakref.ref(marker)
    row["a"].extend([row, marker])
    del row, marker
    # The bridge drops a finished awaitable the next time that it attaches to the interpreter.
    await pool.health_check()
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize(
    ("values", "is_tracked"),
    [
        ("1 as a, 'x' as b, 1.5 as c, now() as d, null as e, '\\x00'::bytea as f, md5('g')::uuid as g", False),
        ("interval '1 day' as a, true as b, 'e'::\"char\" as c, xid '3' as d", False),
        ("array[1] as a", True),
        ("'[]'::json as a, 1 as b", True),
        ("'{}'::jsonb as a", True),
        ("row(1, 'x') as a", True),
        ("inet '10.0.0.1' as a", True),
        ("cidr '10.0.0.0/8' as a", True),
        ("int4range(1, 2) as a", True),
    ],
)
async def test_the_collector_looks_only_at_what_may_be_part_of_a_cycle(
    pool: PrototypePool, values: str, *, is_tracked: bool
) -> None:
    row = await pool.fetchrow(f"select {values}")
    assert gc.is_tracked(row) is is_tracked
    rows = await pool.fetch(f"select {values} from generate_series(1, 2)")
    assert [gc.is_tracked(row) for row in rows] == [is_tracked] * 2
    del row
    gc.collect()
    assert rows[0] == tuple(rows[1])


async def test_a_row_wider_than_a_record_holds_in_itself(pool: PrototypePool) -> None:
    row = await pool.fetchrow("select " + ", ".join(f"{number} as c{number}" for number in range(40)))
    assert row is not None
    assert (tuple(row), row[39], row["c38"], row[-40]) == (tuple(range(40)), 39, 38, 0)
    assert (row[5:8], row[::-13]) == ((5, 6, 7), (39, 26, 13, 0))


async def test_positions_outside_of_the_row_are_refused(row: Record) -> None:
    for position in (3, -4, 2**70, -(2**70)):
        with pytest.raises(IndexError):
            row[position]
    with pytest.raises(TypeError):
        row[1.0]  # type: ignore[call-overload]
    assert row[True] == "x"


def test_a_record_is_not_made_by_hand() -> None:
    with pytest.raises(TypeError):
        Record()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
async def test_a_record_survives_a_pickle(pool: PrototypePool, protocol: int) -> None:
    sql = "select 1 as a, array[interval '1 month'] as b, row(2, null) as c, int4range(1, 5) as d, $1::text as \"ä\""
    row = await pool.fetchrow(sql, "\U0001f600")
    assert row is not None
    got = pickle.loads(pickle.dumps(row, protocol))  # noqa: S301
    assert type(got) is Record
    assert got == row == (1, [Interval(1)], (2, None), Range(1, 5), "\U0001f600")
    assert got.keys() == ("a", "b", "c", "d", "ä")
    assert (got["ä"], got["c"]["f1"], repr(got)) == ("\U0001f600", 2, repr(row))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
async def test_a_pickle_is_read_by_another_process(pool: PrototypePool, protocol: int) -> None:
    rows = await pool.fetch("select n as a, n + 1 as a, 'x' as b from generate_series(1, 2) as n")
    reads = "import pickle, sys; rows = pickle.load(sys.stdin.buffer); print(rows, rows[1]['a'])"
    command = [sys.executable, "-c", reads]
    read = await asyncio.to_thread(subprocess.run, command, input=pickle.dumps(rows, protocol), capture_output=True)
    assert (read.stderr, read.stdout.split()) == (b"", f"{rows} 3".encode().split())


async def test_the_rows_of_one_pickle_share_their_columns(pool: PrototypePool) -> None:
    rows = await pool.fetch("select n as a from generate_series(1, 3) as n")
    for copied in (pickle.loads(pickle.dumps(rows)), copy.deepcopy(rows)):  # noqa: S301
        assert copied == rows
        assert len({id(row.keys()) for row in copied}) == 1
    assert len(pickle.dumps(rows * 2)) - len(pickle.dumps(rows)) < 50


async def test_a_record_is_copied(pool: PrototypePool) -> None:
    row = await pool.fetchrow("select array[1] as a, 'x' as b")
    assert row is not None
    shallow, deep = copy.copy(row), copy.deepcopy(row)
    assert (type(shallow), type(deep)) == (Record, Record)
    row["a"].append(2)
    assert (shallow.items(), deep.items()) == ((("a", [1, 2]), ("b", "x")), (("a", [1]), ("b", "x")))


VALUES = [
    Interval(-14, 3, 2**62),
    Range(1, 5, "(]"),
    Range(None, [Interval(1)], "()"),
    Range(empty=True),
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_intervals_and_ranges_are_pickled_and_copied(value: Interval | Range) -> None:
    pickles = [pickle.dumps(value, protocol) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]
    for got in (*map(pickle.loads, pickles), copy.copy(value), copy.deepcopy(value)):
        assert (type(got), got, repr(got)) == (type(value), value, repr(value))


def test_intervals_are_values() -> None:
    assert Interval(1, 2, 3) == Interval(months=1, days=2, microseconds=3)
    assert Interval(1) != Interval(0, 30)
    assert hash(Interval(1)) == hash(Interval(1))
    assert repr(Interval(1)) == "Interval(months=1, days=0, microseconds=0)"
    assert (Interval(1).months, Interval(0, 2).days, Interval(0, 0, 3).microseconds) == (1, 2, 3)
    with pytest.raises(OverflowError):
        Interval(2**31)


def test_ranges_are_values() -> None:
    assert Range(1, 5) == Range(1, 5, "[)")
    assert Range(1, 5) != Range(1, 5, "[]")
    assert Range(1, 5) != (1, 5)
    assert hash(Range(1, 5)) == hash(Range(1, 5))
    assert Range(None, 5) == Range(None, 5, "()")
    assert Range(empty=True) == Range(1, 2, empty=True)
    assert repr(Range(1, None, "(]")) == "Range(1, None, '()')"
    with pytest.raises(ValueError, match="bounds"):
        Range(1, 2, "<>")
