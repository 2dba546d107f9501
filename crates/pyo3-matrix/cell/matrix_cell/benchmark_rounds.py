"""How large may benchmark.json grow? pytest-benchmark's report in, the same report with a bounded sample of rounds out.

One trivial benchmark has half a million rounds. The statistics over all of them stay as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_ROUNDS = 1000


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_json(output_json: dict[str, Any]) -> None:
    """Runs before the report is written, where pytest-benchmark is installed."""
    thin(output_json)


def thin(report: dict[str, Any]) -> None:
    """Replace each benchmark's rounds by a sample, and note beside it how many there were."""
    for benchmark in report["benchmarks"]:
        stats = benchmark["stats"]
        # Absent where pytest-benchmark saves a report without its rounds.
        if "data" in stats:
            stats["data_rounds"] = len(stats["data"])
            # The list is pytest-benchmark's own, from which it has yet to print its table: replaced, not changed.
            stats["data"] = sample(stats["data"], MOST_ROUNDS)


def sample(rounds: Sequence[float], most: int) -> list[float]:
    """Return at most `most` rounds (two or more), evenly spread in their order, the first and the last among them."""
    if len(rounds) <= most:
        return list(rounds)
    step = (len(rounds) - 1) / (most - 1)
    return [rounds[round(place * step)] for place in range(most)]
