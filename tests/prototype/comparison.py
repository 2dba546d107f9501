"""How much faster is the candidate than the control? Two drivers and a workload in, a ratio with its interval out.

The two drivers run in alternating blocks, and the order changes with every pair, so a machine that slows down slows
both. The ratio is the ratio of the medians over blocks. Its interval is a percentile bootstrap over the pairs of blocks
(B. Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7, 1979).
"""

from __future__ import annotations

import gc
import random
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from driver import Driver
    from workload import Workload

CONFIDENCE = 0.95
RESAMPLES = 2000


@dataclass(frozen=True)
class Ratio:
    """The control's time over the candidate's time. Above one, the candidate is faster."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    """The blocks of both drivers on one workload, in milliseconds per operation."""

    workload: Workload
    control: Driver
    candidate: Driver
    control_ms: Sequence[float]
    candidate_ms: Sequence[float]

    def speedup(self) -> Ratio:
        """Return the ratio of medians with its interval; the same numbers give the same interval."""
        return ratio_of_medians(self.control_ms, self.candidate_ms)

    def succeeds(self) -> bool:
        """Whether even the lower end of the interval reaches the document's criterion."""
        return self.speedup().low > self.workload.required_speedup

    def record(self) -> dict[str, Any]:
        """Return one entry of the JSON file."""
        speedup = self.speedup()
        return {
            "name": self.workload.name,
            "title": self.workload.title,
            "control": _side(self.control, self.control_ms),
            "candidate": _side(self.candidate, self.candidate_ms),
            "speedup": {
                "ratio": speedup.estimate,
                "low": speedup.low,
                "high": speedup.high,
                "confidence": CONFIDENCE,
                "blocks": len(self.control_ms),
                "required": self.workload.required_speedup,
            },
        }


def ratio_of_medians(control: Sequence[float], candidate: Sequence[float]) -> Ratio:
    """Return how much larger the control's median is, with the interval over pairs of blocks."""
    pairs = list(zip(control, candidate))
    chance = random.Random(0)
    ratios = sorted(_ratio(chance.choices(pairs, k=len(pairs))) for _ in range(RESAMPLES))
    outside = int(RESAMPLES * (1 - CONFIDENCE) / 2)
    return Ratio(_ratio(pairs), ratios[outside], ratios[-1 - outside])


async def compare(workload: Workload, control: Driver, candidate: Driver, blocks: int) -> Comparison:
    """Measure both drivers in one run; the caller has opened both."""
    order = [control, candidate]
    for driver in order:
        await workload.prepare(driver)
        await _block(workload, driver)
    milliseconds: dict[str, list[float]] = {control.label: [], candidate.label: []}
    for _ in range(blocks):
        for driver in order:
            milliseconds[driver.label].append(await _block(workload, driver))
        order.reverse()
    return Comparison(workload, control, candidate, milliseconds[control.label], milliseconds[candidate.label])


def document(comparisons: Sequence[Comparison]) -> dict[str, Any]:
    """Return the whole JSON file."""
    return {"schema_version": 1, "comparisons": [comparison.record() for comparison in comparisons]}


async def _block(workload: Workload, driver: Driver) -> float:
    # Collect now, so that one driver's garbage is not collected during the other's time.
    gc.collect()
    gc.disable()
    try:
        seconds = []
        for _ in range(workload.per_block):
            start = time.perf_counter()
            await workload.run(driver)
            seconds.append(time.perf_counter() - start)
    finally:
        gc.enable()
    return statistics.median(seconds) * 1000


def _ratio(pairs: Sequence[tuple[float, float]]) -> float:
    return statistics.median(pair[0] for pair in pairs) / statistics.median(pair[1] for pair in pairs)


def _side(driver: Driver, milliseconds: Sequence[float]) -> dict[str, Any]:
    return {"label": driver.label, "settings": driver.settings, "median_ms": statistics.median(milliseconds)}
