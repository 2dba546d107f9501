"""Does the long comparison name the right winner? Contenders of known speed, and one that gives wrong answers."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest

from survey import Measured, Result, measure, table
from task import Task

if TYPE_CHECKING:
    from collections.abc import Sequence

ONE = Task("one", "SELECT 1", rows=1, per_block=3)
MANY = Task("many", "SELECT 1", rows=1, per_block=3, at_once=4)
SLOW_SECONDS = 0.005


class Fake:
    """A pool that needs no server, and can be made slow."""

    settings = "fake"

    def __init__(self, name: str, seconds: float = 0, rows: int = 1) -> None:
        self.name = name
        self.opened = self.closed = 0
        self._seconds = seconds
        self._rows = rows

    async def open(self) -> None:
        self.opened += 1

    async def fetch(self, sql: str) -> Sequence[Any]:
        # This blocks the loop, so that simultaneous queries run one after another.
        time.sleep(self._seconds)  # noqa: ASYNC251
        await asyncio.sleep(0)
        return [sql] * self._rows

    async def fetch_json(self, sql: str) -> Sequence[str]:
        raise NotImplementedError(sql)

    async def execute(self, sql: str) -> None:
        raise NotImplementedError(sql)

    async def close(self) -> None:
        self.closed += 1


@pytest.fixture(autouse=True)
def no_floor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("floor.available", lambda: False)


def result(**blocks: Sequence[float]) -> Result:
    return Result(ONE, [Measured(name, "", list(wall), list(wall)) for name, wall in blocks.items()], None)


def test_whoever_is_ahead_in_every_block_is_the_fastest() -> None:
    assert result(slow=[2.0, 2.1, 2.2] * 4, quick=[1.0, 1.1, 1.2] * 4).fastest() == ["quick"]


def test_those_who_cannot_be_told_from_the_fastest_draw_with_it() -> None:
    shaking = result(slow=[9.0] * 12, a=[1.0, 1.4, 1.1, 1.3] * 3, b=[1.39, 1.01, 1.29, 1.1] * 3)
    assert shaking.fastest() == ["b", "a"]
    assert "a draw, the least median first: b; a" in table([shaking])


def test_the_record_has_every_block() -> None:
    record = result(quick=[1.0, 3.0, 2.0]).record()
    assert record["fastest"] == ["quick"]
    assert record["contenders"][0]["blocks_ms"] == [1.0, 3.0, 2.0]


@pytest.mark.parametrize(("task", "sittings"), [(ONE, 1), (MANY, 6)], ids=["one", "many"])
async def test_the_quicker_one_wins_and_everybody_is_closed(task: Task, sittings: int) -> None:
    fakes = [Fake("slow", SLOW_SECONDS), Fake("quick")]
    measured = await measure(task, fakes, rounds=6)
    assert measured.fastest() == ["quick"]
    slow = measured.measured[0]
    assert slow.median() >= SLOW_SECONDS * 1000 * task.at_once
    assert [len(one.wall_ms) for one in measured.measured] == [6, 6]
    assert [(fake.opened, fake.closed) for fake in fakes] == [(sittings, sittings)] * 2


async def test_a_wrong_answer_is_no_quick_answer() -> None:
    fakes = [Fake("right"), Fake("wrong", rows=2)]
    with pytest.raises(AssertionError, match="wrong: 2 rows"):
        await measure(ONE, fakes, rounds=1)
    assert [(fake.opened, fake.closed) for fake in fakes] == [(1, 1)] * 2
