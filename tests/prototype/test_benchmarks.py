"""What does the bridge cost on this cell? Records for the report; nothing here asserts a speed.

It is quick by default; PYO3_MATRIX_BENCH=full measures longer.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

import psycopg
import pytest

from benchmark_comparison import compare_all, layout
from comparison import document
from driver import Driver, Prototype, Psycopg
from matrix_cell.json_file import write_json
from workload import WORKLOADS, Workload

if TYPE_CHECKING:
    from collections.abc import Iterator

FULL = os.environ.get("PYO3_MATRIX_BENCH") == "full"
# A round is one operation. The rounds of three blocks take a few tenths of a second in each test.
BLOCKS_OF_ROUNDS = 50 if FULL else 3

# A comparison with psycopg's slow half would say nothing about what users have.
COMPARED = pytest.mark.skipif(
    psycopg.pq.__impl__ == "python",
    reason="psycopg is here without its compiled part, which has no wheel for free-threaded Pythons: no comparison",
)


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Return a loop of the test's own: pytest-benchmark calls plain functions, so the test drives the loop itself."""
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@pytest.mark.parametrize(
    "make_driver", [pytest.param(Prototype, id="prototype"), pytest.param(Psycopg, id="psycopg", marks=COMPARED)]
)
@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_latency(
    benchmark: Any, loop: asyncio.AbstractEventLoop, workload: Workload, make_driver: Callable[[], Driver]
) -> None:
    """Time one operation per round. The time includes entering and leaving the loop, for every driver alike."""
    driver = make_driver()
    rounds = workload.per_block * BLOCKS_OF_ROUNDS
    benchmark.group = workload.name
    benchmark.extra_info.update(driver=driver.label, settings=driver.settings, queries_per_round=workload.at_once)
    loop.run_until_complete(driver.open())
    try:
        loop.run_until_complete(workload.prepare(driver))
        benchmark.pedantic(lambda: loop.run_until_complete(workload.run(driver)), rounds=rounds, warmup_rounds=5)
    finally:
        loop.run_until_complete(driver.close())
    assert benchmark.stats.stats.rounds == rounds


@COMPARED
async def test_speedup_is_recorded() -> None:
    """Compare both drivers in one interleaved run, and leave the numbers beside the cell's other records."""
    comparisons = await compare_all(quick=not FULL)
    print(layout(comparisons))
    record = document(comparisons)
    assert [entry["name"] for entry in record["comparisons"]] == ["simple", "thousand_rows", "concurrent"]
    for entry in record["comparisons"]:
        assert 0 < entry["speedup"]["low"] <= entry["speedup"]["ratio"] <= entry["speedup"]["high"]
    if out := os.environ.get("PYO3_MATRIX_OUT"):
        write_json(Path(out) / "speedup.json", record)
