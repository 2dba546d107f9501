"""Does benchmark.json stay small, and are its statistics those of every round?"""

from __future__ import annotations

import json
import statistics
from typing import TYPE_CHECKING

import pytest

from matrix_cell.benchmark_rounds import MOST_ROUNDS, sample, thin

if TYPE_CHECKING:
    from plugin.cell_run import RunCell


def test_sample_is_spread_evenly_from_the_first_round_to_the_last() -> None:
    assert sample([float(round_) for round_ in range(101)], 5) == [0, 25, 50, 75, 100]
    assert sample(range(5, 0, -1), 3) == [5, 3, 1]
    assert sample(range(1_000_001), 2) == [0, 1_000_000]
    many = sample(range(12_345), 1000)
    assert len(set(many)) == 1000
    assert {after - before for before, after in zip(many, many[1:])} == {12, 13}


def test_few_rounds_are_kept_whole() -> None:
    assert sample(range(4), 4) == [0, 1, 2, 3]
    assert sample((), 4) == []
    assert sample((7,), 1) == [7]


def test_rounds_of_the_session_itself_stay_whole() -> None:
    rounds = [float(round_) for round_ in range(2500)]
    report = {"benchmarks": [{"stats": {"data": rounds, "min": 0.0}}, {"stats": {"data": [1.0], "min": 1.0}}]}
    thin(report)
    thinned, whole = [benchmark["stats"] for benchmark in report["benchmarks"]]
    assert thinned == {"data": sample(rounds, 1000), "data_rounds": 2500, "min": 0.0}
    assert whole == {"data": [1.0], "data_rounds": 1, "min": 1.0}
    assert len(rounds) == 2500


def test_report_without_rounds_stays_as_it_is() -> None:
    report = {"benchmarks": [{"stats": {"min": 0.0}}]}
    thin(report)
    assert report == {"benchmarks": [{"stats": {"min": 0.0}}]}


def test_report_of_a_cell_has_a_sample_and_the_statistics_of_all(run_cell: RunCell) -> None:
    test = "def test_inner(benchmark): benchmark.pedantic(int, rounds=3001)"
    cell = run_cell(test, arguments=("--benchmark-json=benchmark.json",))
    assert cell.result.ret == 0
    [benchmark] = json.loads((cell.out.parent / "benchmark.json").read_text(encoding="utf-8"))["benchmarks"]
    stats = benchmark["stats"]
    assert len(stats["data"]) == MOST_ROUNDS == 1000
    assert stats["rounds"] == stats["data_rounds"] == 3001
    assert stats["median"] != 0 != statistics.median(stats["data"])


def test_cell_without_pytest_benchmark_runs(run_cell: RunCell) -> None:
    cell = run_cell("def test_inner(): pass", arguments=("-p", "no:benchmark"))
    assert cell.result.ret == pytest.ExitCode.OK
