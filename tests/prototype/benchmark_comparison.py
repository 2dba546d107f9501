"""Is the prototype worth it, over which bridge, and how far is it to the floor? Run by hand.

First it prints the prototype document's comparison with psycopg, then the comparison of all contenders in every task.
Each of the two is one interleaved run.

python tests/prototype/benchmark_comparison.py [--quick] [--json FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import statistics
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import floor
from comparison import CONFIDENCE, Comparison, document, measure
from driver import Prototype, Psycopg
from fraiseql._fraiseql_rs import build_info
from survey import survey, table
from workload import WORKLOADS

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH = 80
# How often both drivers are opened, and how many blocks each opening has.
OPENINGS = 20
OPENINGS_QUICK = 10
BLOCKS = 3
BLOCKS_QUICK = 2
ROUNDS = 30
ROUNDS_QUICK = 6


async def compare_all(*, quick: bool, progress: bool = False) -> list[Comparison]:
    """Measure every workload in every opening. Both drivers stay open meanwhile; one is idle while the other works."""
    openings, blocks = (OPENINGS_QUICK, BLOCKS_QUICK) if quick else (OPENINGS, BLOCKS)
    comparisons = [Comparison(workload, Psycopg, Prototype) for workload in WORKLOADS]
    for opening in range(1, openings + 1):
        if progress:
            print(f"measuring: opening {opening} of {openings} …", file=sys.stderr, flush=True)
        control, candidate = Psycopg(), Prototype()
        await control.open()
        await candidate.open()
        try:
            for comparison in comparisons:
                await measure(comparison, control, candidate, blocks)
        finally:
            await control.close()
            await candidate.close()
    return comparisons


def layout(comparisons: Sequence[Comparison]) -> str:
    """Return the text in the form of the prototype document, with an explanation of the numbers below it."""
    lines = ["=" * WIDTH, "BENCHMARK RESULTS".center(WIDTH).rstrip(), "=" * WIDTH]
    for number, comparison in enumerate(comparisons, start=1):
        lines += ["", f"{number}. {comparison.workload.title}", "-" * WIDTH, *_section(comparison)]
    lines += ["", "-" * WIDTH, *_legend(comparisons)]
    return "\n".join(lines)


def _section(comparison: Comparison) -> list[str]:
    mark = "✅" if comparison.succeeds() else "❌"
    return [
        "  Average Latency:",
        f"    Python (psycopg): {statistics.median(comparison.control_ms):.3f}ms",
        f"    Rust (prototype): {statistics.median(comparison.candidate_ms):.3f}ms",
        f"    Speedup: {comparison.speedup().estimate:.2f}x {mark}",
    ]


def _legend(comparisons: Sequence[Comparison]) -> list[str]:
    lines = ["Medians over interleaved blocks; ✅ if the whole interval is above what is required."]
    for comparison in comparisons:
        ratio = comparison.speedup()
        lines.append(
            f"  {comparison.workload.title}: {CONFIDENCE:.0%} interval {ratio.low:.2f}x to {ratio.high:.2f}x over "
            f"{len(comparison.control_ms)} blocks in {comparison.openings} openings, "
            f"required {comparison.workload.required_speedup:.1f}x"
        )
    first = comparisons[0]
    return [*lines, f"  psycopg: {first.control.settings}", f"  prototype: {first.candidate.settings}"]


def main() -> int:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description="compare the prototype with psycopg in one interleaved run")
    parser.add_argument("--quick", action="store_true", help="a few blocks and rounds instead of many")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the numbers to FILE")
    arguments = parser.parse_args()
    comparisons = asyncio.run(compare_all(quick=arguments.quick, progress=True))
    print(layout(comparisons), flush=True)
    results = asyncio.run(survey(ROUNDS_QUICK if arguments.quick else ROUNDS))
    print(f"\n{_versions()}\n\n{table(results)}")
    if not floor.available():
        print(f"\n{floor.HINT}")
    if arguments.json is not None:
        record = {**document(comparisons), "versions": _versions(), "survey": [result.record() for result in results]}
        arguments.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return 0


def _versions() -> str:
    """Return the versions of everything that took part."""
    built = build_info()
    names = ["psycopg", "psycopg-pool", "asyncpg", "psqlpy"]
    packages = [f"{name} {version}" for name in names if (version := _installed(name))]
    python = f"{platform.python_implementation()} {platform.python_version()}"
    line = f"PyO3 {built['pyo3']}, pyo3-async-runtimes {built['pyo3_async_runtimes']}"
    tokio_postgres = f"tokio-postgres {built['tokio_postgres']}"
    return ", ".join([python, line, tokio_postgres, *packages, platform.machine(), _cores()])


def _cores() -> str:
    """Return how many cores the client may use: sharing a core with the server changes everything."""
    everything = os.cpu_count()
    # macOS cannot pin a process to a core.
    own = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else everything
    return f"client on {own} of {everything} cores"


def _installed(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


if __name__ == "__main__":
    sys.exit(main())
