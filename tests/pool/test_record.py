"""Does a row behave as a tuple, and as a mapping by its columns' names?"""

from __future__ import annotations

import gc
import pickle
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


async def test_a_record_is_not_made_by_hand() -> None:
    with pytest.raises(TypeError):
        Record()
    with pytest.raises(TypeError):
        pickle.dumps(await_nothing := Range(1, 2))
    assert await_nothing == Range(1, 2)


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
