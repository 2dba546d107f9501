"""How do the samples of one side spread? Seconds per operation in, the `stats` of pytest-benchmark's format out.

The numbers are defined as in `pytest_benchmark/stats.py`, to which a test holds them: quartiles by the methods 2 and 3
of https://en.wikipedia.org/wiki/Quartile, and J. W. Tukey's fences ("Exploratory Data Analysis", 1977) 1.5
interquartile ranges beyond them.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

FENCE = 1.5


def spread(samples: Sequence[float], iterations: int) -> dict[str, Any]:
    """Return the `stats` of one benchmark.

    Args:
        samples: Seconds per operation, one value per block.
        iterations: How many operations each block has.
    """
    ordered = sorted(samples)
    mean, deviation = statistics.mean(samples), statistics.stdev(samples) if len(samples) > 1 else 0
    first, third = quartiles(ordered)
    low, high = first - FENCE * (third - first), third + FENCE * (third - first)
    beyond_deviation = _outside(ordered, mean - deviation, mean + deviation)
    beyond_fences = _outside(ordered, low, high)
    total = sum(samples)
    return {
        "min": ordered[0],
        "max": ordered[-1],
        "mean": mean,
        "stddev": deviation,
        "rounds": len(samples),
        "median": statistics.median(ordered),
        "iqr": third - first,
        "q1": first,
        "q3": third,
        "iqr_outliers": beyond_fences,
        "stddev_outliers": beyond_deviation,
        "outliers": f"{beyond_deviation};{beyond_fences}",
        "ld15iqr": min(value for value in ordered if value >= low),
        "hd15iqr": max(value for value in ordered if value <= high),
        "ops": len(samples) / total if total else 0,
        "total": total,
        "data": list(samples),
        "iterations": iterations,
    }


def quartiles(ordered: Sequence[float]) -> tuple[float, float]:
    """Return the first and the third quartile of samples that are in ascending order."""
    count = len(ordered)
    if count == 1:
        return ordered[0], ordered[0]
    if count % 2 == 0:
        return statistics.median(ordered[: count // 2]), statistics.median(ordered[count // 2 :])
    n, over = divmod(count, 4)
    if over == 1:
        return (
            0.25 * ordered[n - 1] + 0.75 * ordered[n],
            0.75 * ordered[3 * n] + 0.25 * ordered[3 * n + 1],
        )
    return (
        0.75 * ordered[n] + 0.25 * ordered[n + 1],
        0.25 * ordered[3 * n + 1] + 0.75 * ordered[3 * n + 2],
    )


def _outside(values: Sequence[float], low: float, high: float) -> int:
    return sum(value < low or value > high for value in values)
