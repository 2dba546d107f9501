"""What did a benchmark find? The samples of the candidate, of its control if it has one, and their ratio."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_pyo3_bridge.benchmark import interval

if TYPE_CHECKING:
    from pytest_pyo3_bridge.benchmark.interval import Ratio
    from pytest_pyo3_bridge.benchmark.rounds import Settings


@dataclass(frozen=True)
class Samples:
    """The blocks of one side.

    Attributes:
        side: `candidate` or `control`.
        operations: How many operations each block has.
        seconds: The seconds per operation of each block, in the order of the rounds.
    """

    side: str
    operations: int
    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The median over blocks, in seconds per operation."""
        return statistics.median(self.seconds)

    @property
    def noise(self) -> float:
        """The median distance of a block from the median, as a share of the median: 0.01 is one percent."""
        return interval.noise(self.seconds)


@dataclass(frozen=True)
class Comparison:
    """The result of `bridge_benchmark`.

    Attributes:
        candidate: The blocks of the candidate.
        control: The blocks of the control; None where there is none.
        ratio: The control's time over the candidate's, above one where the candidate is faster; None without a control.
            It is taken round by round, so it is not exactly the quotient of the medians.
        first: The side whose block came first, per round.
        seed: What the orders and the interval were drawn from.
        settings: How much was to be measured.
        loop: The class of the loop that it was measured on; None outside asyncio.
    """

    candidate: Samples
    control: Samples | None
    ratio: Ratio | None
    first: tuple[str, ...]
    seed: int
    settings: Settings
    loop: str | None

    @property
    def noise(self) -> float:
        """The noise of the side that has more of it."""
        return max(samples.noise for samples in self.sides)

    @property
    def rounds(self) -> int:
        """How many rounds were measured: fewer than asked for where `max_seconds` was over."""
        return len(self.first)

    @property
    def sides(self) -> tuple[Samples, ...]:
        """The candidate, then the control if there is one."""
        return (self.candidate,) if self.control is None else (self.candidate, self.control)
