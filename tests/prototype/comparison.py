"""How much faster is the candidate than the control? Two drivers and a workload in, a ratio with its interval out.

The two drivers run in alternating blocks, and the order changes with every pair, so a machine that slows down slows
both. The ratio is the ratio of the medians over blocks. Its interval is a percentile bootstrap (B. Efron, "Bootstrap
methods: another look at the jackknife", Annals of Statistics 7, 1979).

Both drivers are opened anew several times. Where the kernel puts the server's processes stays for as long as they live,
and moves the ratio by 7 to 12 percent (standard deviation, two cores): blocks of one opening know nothing of that. So
the bootstrap draws whole openings, as one draws clusters (A. C. Davison and D. V. Hinkley, "Bootstrap Methods and their
Application", 1997, section 3.8).
"""

from __future__ import annotations

import gc
import random
import statistics
import time
from dataclasses import dataclass, field
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


@dataclass
class Comparison:
    """The blocks of both drivers on one workload, in milliseconds per operation.

    `openings` tells how often both drivers were opened. Each opening has the same number of blocks, in order.
    """

    workload: Workload
    control: type[Driver]
    candidate: type[Driver]
    control_ms: list[float] = field(default_factory=list)
    candidate_ms: list[float] = field(default_factory=list)
    openings: int = 0

    def speedup(self) -> Ratio:
        """Return the ratio of medians with its interval; the same numbers give the same interval."""
        return ratio_of_medians(self.control_ms, self.candidate_ms, self.openings)

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
                "openings": self.openings,
                "required": self.workload.required_speedup,
            },
        }


def ratio_of_medians(control: Sequence[float], candidate: Sequence[float], openings: int | None = None) -> Ratio:
    """Return how much larger the control's median is, with the interval over openings; without any, over blocks."""
    pairs = list(zip(control, candidate))
    size = len(pairs) // openings if openings else 1
    clusters = [pairs[at : at + size] for at in range(0, len(pairs), size)]
    chance = random.Random(0)
    drawn = (chance.choices(clusters, k=len(clusters)) for _ in range(RESAMPLES))
    ratios = sorted(_ratio([pair for cluster in some for pair in cluster]) for some in drawn)
    outside = int(RESAMPLES * (1 - CONFIDENCE) / 2)
    return Ratio(_ratio(pairs), ratios[outside], ratios[-1 - outside])


async def measure(comparison: Comparison, control: Driver, candidate: Driver, blocks: int) -> None:
    """Add so many blocks of each driver to a comparison; the caller has opened both anew."""
    order = [(control, comparison.control_ms), (candidate, comparison.candidate_ms)]
    workload = comparison.workload
    for driver, _ in order:
        await workload.prepare(driver)
        await _block(workload, driver)
    for _ in range(blocks):
        for driver, milliseconds in order:
            milliseconds.append(await _block(workload, driver))
        order.reverse()
    comparison.openings += 1


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


def _side(driver: type[Driver], milliseconds: Sequence[float]) -> dict[str, Any]:
    return {"label": driver.label, "settings": driver.settings, "median_ms": statistics.median(milliseconds)}
