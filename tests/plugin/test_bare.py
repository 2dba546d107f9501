"""Does a cell work in which little is installed, in a project that takes every warning for an error?"""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from matrix_cell.benchmark_files import benchmark_options
from matrix_cell.memory import AT_ONCE, SERIES, MemorySeries, pause_all, resume_all
from matrix_cell.service import postgres
from matrix_cell.service.postgres import server_version
from plugin.conftest import PLUGIN

if TYPE_CHECKING:
    from plugin.cell_run import RunCell

PASSES = "def test_inner(): pass"
STRICT = ("-W", "error", "--strict-config", "--strict-markers")


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the drivers away; pytest's plugins go by an option."""
    for driver in ("psycopg", "pg8000"):
        monkeypatch.setitem(sys.modules, driver, None)


BARE = ("-p", "no:benchmark", "-p", "no:asyncio", "-p", "no:xdist")


@pytest.mark.usefixtures("without")
def test_cell_without_a_server_needs_no_driver(run_cell: RunCell) -> None:
    cell = run_cell(PASSES, arguments=BARE, python=f"{sys.version_info.major}.{sys.version_info.minor}")
    assert cell.result.ret in (0, 70)  # 70 where this Python has no GIL
    assert "error" not in cell.json("observed.json")
    assert "postgres" not in cell.json("observed.json")


@pytest.mark.usefixtures("without")
def test_cell_beside_a_server_says_which_driver_it_lacks(run_cell: RunCell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "server_version", server_version)
    cell = run_cell(PASSES, arguments=BARE, postgres="16")
    assert cell.result.ret == 71
    error = cell.json("observed.json")["error"]
    assert error.startswith("cannot ask the server for its version: ")
    assert "psycopg" in error
    assert error.endswith("\n  hint: add psycopg[binary] or pg8000 to the cell's requirements")


@pytest.mark.usefixtures("without")
def test_what_the_harness_passes_suits_a_cell_with_pytest_alone(
    run_cell: RunCell, monkeypatch: pytest.MonkeyPatch, pytester: pytest.Pytester
) -> None:
    monkeypatch.setenv("PYO3_MATRIX_BENCHMARK_JSON", str(pytester.path / "benchmark.json"))
    monkeypatch.setenv("PYO3_MATRIX_OUT", str(pytester.path / "out"))
    options = ("-o", "faulthandler_timeout=100", "-o", "junit_family=xunit1", "--junit-xml=junit.xml")
    cell = run_cell(PASSES, arguments=(*BARE, *STRICT, *options))
    assert cell.result.ret == 0
    cell.result.assert_outcomes(passed=1, warnings=0)
    assert not (pytester.path / "benchmark.json").exists()


def test_pytest_benchmark_writes_where_the_harness_looks(
    run_cell: RunCell, monkeypatch: pytest.MonkeyPatch, pytester: pytest.Pytester
) -> None:
    report = pytester.path / "benchmark.json"
    monkeypatch.setenv("PYO3_MATRIX_BENCHMARK_JSON", str(report))
    monkeypatch.setenv("PYO3_MATRIX_OUT", str(pytester.path / "out"))
    tests = "def test_inner(benchmark): benchmark.pedantic(int, rounds=2)"
    cell = run_cell(tests, arguments=(*STRICT, "--benchmark-autosave"))
    assert cell.result.ret == 0
    assert report.is_file()
    assert list((cell.out / "benchmarks").rglob("*.json"))
    assert not (pytester.path / ".benchmarks").exists()


def test_outside_of_a_cell_pytest_benchmark_keeps_its_options(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PYO3_MATRIX_OUT", raising=False)
    monkeypatch.setenv("PYO3_MATRIX_BENCHMARK_JSON", "b.json")
    monkeypatch.chdir(tmp_path)
    assert benchmark_options(SimpleNamespace(benchmark_storage="x")) == []
    assert benchmark_options(SimpleNamespace(benchmark_storage="x", matrix_out=None)) == []
    inside = [f"--benchmark-storage=file://{tmp_path}/out/benchmarks", "--benchmark-json=b.json"]
    assert benchmark_options(SimpleNamespace(benchmark_storage="x", matrix_out="out")) == inside
    assert benchmark_options(SimpleNamespace(matrix_out="out")) == []
    monkeypatch.setenv("PYO3_MATRIX_OUT", "out")
    monkeypatch.delenv("PYO3_MATRIX_BENCHMARK_JSON")
    assert benchmark_options(SimpleNamespace(benchmark_storage="x")) == inside[:1]


FORKS = """
import os, threading, time, warnings
def test_forks():
    # An error would not do: Python forgets one that comes of this warning.
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for _ in range(20):
            pid = os.fork()
            if pid == 0:
                os._exit(threading.active_count() - 1)
            assert os.waitpid(pid, 0)[1] == 0
    assert [str(warning.message) for warning in told] == []
    time.sleep(0.3)
def test_later(): time.sleep(0.3)
"""


def test_fork_of_a_test_is_not_warned_of_because_of_the_plugin(run_cell: RunCell) -> None:
    cell = run_cell(FORKS, apart=True, arguments=STRICT)
    assert cell.result.ret == 0
    # The series went on after the forks.
    assert len(cell.json("memory.json")["samples"]) >= 5


def test_series_has_no_thread_while_the_process_forks(tmp_path: Path) -> None:
    series = MemorySeries(tmp_path / "memory.json")
    try:
        first = series._thread  # noqa: SLF001
        task = Path(f"/proc/self/task/{first.native_id}")
        assert task.exists()
        pause_all()
        assert not first.is_alive()
        assert not task.exists()
        resume_all()
        assert series._thread.is_alive() == AT_ONCE  # noqa: SLF001
        series.resume()
        assert series._thread.is_alive()  # noqa: SLF001
        assert series._thread is not first  # noqa: SLF001
    finally:
        series.close()
    assert series not in SERIES
    pause_all()
    resume_all()
    assert not series._thread.is_alive()  # noqa: SLF001


@pytest.mark.usefixtures("clean_environment", "wheel")
def test_without_a_record_no_thread_is_started(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_inner="import threading\ndef test_inner(): assert threading.active_count() == 1")
    assert pytester.runpytest_subprocess(*PLUGIN, "-W", "error").ret == 0
