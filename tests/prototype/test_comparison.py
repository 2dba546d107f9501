"""Does the interval of a comparison tell how sure the ratio is? Made-up blocks, and drivers of known speed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar

from comparison import Comparison, measure, ratio_of_medians
from workload import Workload

if TYPE_CHECKING:
    from collections.abc import Sequence

ONE = Workload("one", "One", "SELECT 1", rows=1, per_block=1)


def test_an_interval_knows_that_openings_differ() -> None:
    # Four openings of ten blocks; each opening is steady, and they differ by a quarter.
    control = [speed for speed in (2.0, 2.5, 2.0, 2.5) for _ in range(10)]
    candidate = [1.0] * 40
    by_opening = ratio_of_medians(control, candidate, openings=4)
    assert (by_opening.low, by_opening.high) == (2.0, 2.5)
    # Equal openings leave no doubt.
    steady = ratio_of_medians([2.0] * 40, candidate, openings=4)
    assert (steady.low, steady.estimate, steady.high) == (2.0, 2.0, 2.0)


class Fake:
    """A driver that needs no server, and notes when it was asked."""

    label = settings = "fake"
    asked: ClassVar[list[str]] = []

    def __init__(self, name: str) -> None:
        self._name = name

    async def open(self) -> None:
        """Do nothing."""

    async def fetch(self, sql: str) -> Sequence[Any]:
        self.asked.append(self._name)
        return [sql]

    async def close(self) -> None:
        """Do nothing."""


def test_each_opening_adds_as_many_blocks_of_both_sides_in_changing_order() -> None:
    comparison = Comparison(ONE, Fake, Fake)
    for opening in (1, 2):
        Fake.asked.clear()
        asyncio.run(measure(comparison, Fake("control"), Fake("candidate"), blocks=2))
        assert Fake.asked[-4:] == ["control", "candidate", "candidate", "control"]
        assert comparison.openings == opening
        assert len(comparison.control_ms) == len(comparison.candidate_ms) == 2 * opening
