"""What do results look like that no clock measured? Samples in, a benchmark of the session out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_pyo3_bridge.benchmark.comparison import Comparison, Samples
from pytest_pyo3_bridge.benchmark.document import Measured, Place
from pytest_pyo3_bridge.benchmark.interval import Ratio
from pytest_pyo3_bridge.benchmark.rounds import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

TEST = Place("test_fetch[10]", "tests/test_pool.py::test_fetch[10]", None, "10", {"rows": 10})


def measured(
    place: Place = TEST,
    candidate: Sequence[float] = (1e-3, 1.1e-3, 0.9e-3),
    control: Sequence[float] | None = (2e-3, 2.1e-3, 1.9e-3),
    ratio: Ratio | None = Ratio(2.0, 1.9, 2.1),  # noqa: B008  it cannot be changed
    rounds: int = 3,
) -> Measured:
    """Return a benchmark with these samples, in seconds."""
    other = None if control is None else Samples("control", 5, tuple(control))
    first = ("candidate",) * len(candidate)
    comparison = Comparison(
        Samples("candidate", 10, tuple(candidate)),
        other,
        None if control is None else ratio,
        first,
        7,
        Settings(rounds=rounds),
        "asyncio.Loop",
    )
    return Measured(place, comparison)
