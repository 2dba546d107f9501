"""Are the statistics those of pytest-benchmark? Samples in, its own numbers beside ours out."""

from __future__ import annotations

import random
from importlib.metadata import version
from typing import Any

import pytest

from pytest_pyo3_bridge.benchmark.spread import quartiles, spread

# Up to 5.2, pytest-benchmark gave the first value beyond the upper fence as the last one within.
FIXED = (5, 3)


def samples(count: int) -> list[float]:
    """Return samples of which some lie far outside, on both ends."""
    draw = random.Random(count)
    return [draw.lognormvariate(0, 1.5) if draw.random() < 0.3 else draw.gauss(5, 0.5) for _ in range(count)]


def test_the_statistics_of_known_samples() -> None:
    found = spread([4.0, 1.0, 2.0, 3.0, 100.0, 5.0, 6.0, 7.0], 9)
    assert found == {
        "min": 1,
        "max": 100,
        "mean": 16,
        "stddev": 34,
        "rounds": 8,
        "median": 4.5,
        "q1": 2.5,
        "q3": 6.5,
        "iqr": 4,
        "iqr_outliers": 1,
        "stddev_outliers": 1,
        "outliers": "1;1",
        "ld15iqr": 1,
        "hd15iqr": 7,
        "ops": 0.0625,
        "total": 128,
        "data": [4, 1, 2, 3, 100, 5, 6, 7],
        "iterations": 9,
    }


@pytest.mark.parametrize(
    ("count", "expected"), [(1, (1, 1)), (2, (1, 2)), (3, (1.25, 2.75)), (5, (1.75, 4.25)), (7, (2.25, 5.75))]
)
def test_quartiles_of_few_samples(count: int, expected: tuple[float, float]) -> None:
    assert quartiles([float(value + 1) for value in range(count)]) == expected


@pytest.mark.parametrize("count", range(1, 42))
def test_the_statistics_are_those_of_pytest_benchmark(count: int) -> None:
    stats: Any = pytest.importorskip("pytest_benchmark.stats", reason="pytest-benchmark is not installed")
    theirs = stats.Stats()
    theirs.data = samples(count)
    expected, found = theirs.as_dict(), spread(theirs.data, 1)
    assert set(found) == {*expected, "data", "iterations"}
    if tuple(int(part) for part in version("pytest-benchmark").split(".")[:2]) < FIXED:
        del expected["hd15iqr"]
    assert found.pop("outliers") == expected.pop("outliers")
    assert {name: found[name] for name in expected} == pytest.approx(expected)
