"""Is a session with workers of pytest-xdist recorded like one without, and is each worker looked at?

What runs here runs in other processes; no mutant is tried on it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from plugin.cell_run import Cell, RunCell
    from plugin.fake_wheel import FakeWheel

pytest.importorskip("xdist")

FOUR = """
import pytest
class TestInner:
    @pytest.mark.parametrize("number", range(4))
    def test_passes(self, number): pass
"""
MIXED = """
import os, pytest
def test_passes(): pass
def test_fails(): assert 1 == 2, "one is not two"
def test_skips(): pytest.skip("not here")
"""
# A worker dies of it. What stands before and behind it runs.
DIES = """
import os, pytest, signal, time
@pytest.mark.parametrize("number", range(3))
def test_before(number): pass
def test_dies(): {how}
@pytest.mark.parametrize("number", range(3))
def test_after(number): pass
"""
SEGFAULTS = DIES.format(how="os.kill(os.getpid(), signal.SIGSEGV)")


def results(cell: Cell) -> dict[str, str]:
    return {event["test"].rpartition("::")[2]: event["result"] for event in cell.events("test_end")}


def running(cell: Cell) -> list[tuple[str, str]]:
    """Name the tests that began and did not end, each with its worker."""
    ended = [(event["worker"], event["test"]) for event in cell.events("test_end")]
    begun = [(event["worker"], event["test"]) for event in cell.events("test_start")]
    return [test for test in begun if test not in ended]


@pytest.mark.parametrize("arguments", [("-n", "2"), ("-n", "auto"), ("-n", "2", "--dist", "loadscope"), ("-n", "1")])
def test_tests_of_workers_are_recorded(
    run_cell: RunCell, monkeypatch: pytest.MonkeyPatch, wheel: FakeWheel, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setenv("PYTEST_XDIST_AUTO_NUM_WORKERS", "3")
    count = {"1": 1, "auto": 3}.get(arguments[1], 2)
    cell = run_cell(FOUR, apart=True, members=wheel.members, arguments=arguments)
    assert cell.result.ret == 0
    assert results(cell) == {f"test_passes[{number}]": "passed" for number in range(4)}
    kinds = Counter(event["event"] for event in cell.events())
    expected = {"session_start": 1, "worker_observed": count, "collected": count, "test_start": 4, "test_end": 4}
    assert kinds == {**expected, "session_end": 1}
    assert [event["event"] for event in cell.events()][0 :: len(cell.events()) - 1] == ["session_start", "session_end"]
    assert (cell.events()[-1]["exit_code"], cell.events()[-1]["collected"]) == (0, 4)
    # Each worker says the same as the session's own process, which tests nothing.
    observed = {event["worker"]: event["observed"] for event in cell.events("worker_observed")}
    assert observed == {f"gw{number}": cell.json("observed.json") for number in range(count)}
    assert {event["worker"] for event in cell.events("test_end")} <= set(observed)


def test_without_workers_the_session_is_as_ever(run_cell: RunCell) -> None:
    cell = run_cell("def test_inner(): pass", arguments=("-n0",))
    assert cell.result.ret == 0
    kinds = [event["event"] for event in cell.events()]
    assert kinds == ["session_start", "collected", "test_start", "test_end", "session_end"]
    assert not any("worker" in event for event in cell.events())


def test_red_tests_of_workers_keep_their_reasons(run_cell: RunCell) -> None:
    cell = run_cell(MIXED, apart=True, arguments=("-n2",))
    assert cell.result.ret == 1
    assert results(cell) == {"test_passes": "passed", "test_fails": "failed", "test_skips": "skipped"}
    [failed] = [event for event in cell.events("test_end") if event["result"] == "failed"]
    assert failed["message"] == "AssertionError: one is not two"
    assert "def test_fails" in failed["longrepr"]


def test_file_that_no_worker_can_import_is_an_event(run_cell: RunCell) -> None:
    cell = run_cell("import no_such_module", apart=True, arguments=("-n2",))
    assert cell.result.ret != 0
    assert {event["test"] for event in cell.events("collect_error")} == {"test_inner.py"}


def test_session_that_stops_early_ends_its_record(run_cell: RunCell) -> None:
    tests = "import pytest\n@pytest.mark.parametrize('number', range(40))\ndef test_fails(number): assert False"
    cell = run_cell(tests, apart=True, arguments=("-n2", "--maxfail=2"))
    assert cell.result.ret == pytest.ExitCode.INTERRUPTED
    assert cell.events()[-1]["event"] == "session_end"
    assert cell.events()[-1]["exit_code"] == 2
    assert 2 <= len(results(cell)) < 40
    assert len(cell.events("collected")[0]["tests"]) == 40


@pytest.mark.parametrize("restarts", [(), ("--max-worker-restart=0",)])
def test_worker_that_crashes_names_its_test(run_cell: RunCell, restarts: tuple[str, ...]) -> None:
    cell = run_cell(SEGFAULTS, apart=True, arguments=("-n2", *restarts))
    assert cell.result.ret == 1
    [died] = cell.events("worker_died")
    assert died["exit_code"] == -11
    assert running(cell) == [(died["worker"], "test_inner.py::test_dies")]
    assert "test_dies" not in results(cell)
    assert cell.events()[-1]["event"] == "session_end"
    # Instead of the first, another worker came, and was looked at too.
    assert len(cell.events("worker_observed")) == (2 if restarts else 3)
    if not restarts:
        assert len(results(cell)) == 6


def test_worker_that_leaves_by_itself_has_an_exit_code(run_cell: RunCell) -> None:
    cell = run_cell(DIES.format(how="os._exit(3)"), apart=True, arguments=("-n1", "--max-worker-restart=1"))
    assert [event["exit_code"] for event in cell.events("worker_died")] == [3]
    assert running(cell) == [("gw0", "test_inner.py::test_dies")]


def test_every_worker_that_dies_is_recorded(run_cell: RunCell) -> None:
    tests = "import os, pytest\n@pytest.mark.parametrize('number', range(6))\ndef test_dies(number): os.abort()"
    cell = run_cell(tests, apart=True, arguments=("-n1", "--max-worker-restart=2"))
    assert cell.result.ret != 0
    assert [(event["worker"], event["exit_code"]) for event in cell.events("worker_died")] == [
        (f"gw{number}", -6) for number in range(3)
    ]
    assert len(running(cell)) == 3


def test_each_of_two_workers_tells_of_the_same_test(run_cell: RunCell) -> None:
    tests = "import os\ndef test_inner(): assert os.environ['PYTEST_XDIST_WORKER'] == 'gw1'"
    cell = run_cell(tests, apart=True, arguments=("--dist", "each", "--tx", "2*popen"))
    assert cell.result.ret == 1
    ends = {event["worker"]: event["result"] for event in cell.events("test_end")}
    assert ends == {"gw0": "failed", "gw1": "passed"}


# In the workers alone, the module is another build.
OTHER_IN_WORKERS = """
import os
if "PYTEST_XDIST_WORKER" in os.environ:
    import matrix_cell.installed
    matrix_cell.installed.sha256 = lambda path: "another"
"""
SILENT_IN_WORKERS = """
import os
if "PYTEST_XDIST_WORKER" in os.environ:
    import matrix_cell.gate
    def observe(request):
        raise matrix_cell.gate.UnobservableError("the worker\\nis lost")
    matrix_cell.gate.observe = observe
"""
RUNS = "from pathlib import Path\ndef test_inner(): Path('ran').touch()"


def run_changed(run_cell: RunCell, pytester: pytest.Pytester, change: str, **options: Any) -> Cell:
    pytester.makepyfile(in_workers=change)
    return run_cell(RUNS, apart=True, arguments=("-n2", "-p", "in_workers"), **options)


def test_worker_with_another_build_ends_the_session(
    run_cell: RunCell, pytester: pytest.Pytester, wheel: FakeWheel
) -> None:
    cell = run_changed(run_cell, pytester, OTHER_IN_WORKERS, members=wheel.members)
    assert cell.result.ret == 70
    cell.result.stdout.fnmatch_lines(
        ["this cell: worker gw[01]: this cell is not what was requested", "loaded *, which is no file of the wheel"],
        consecutive=True,
    )
    assert not (pytester.path / "ran").exists()
    assert {event["observed"]["loaded"]["sha256"] for event in cell.events("worker_observed")} == {"another"}
    assert cell.events()[-1]["exit_code"] == 70


def test_worker_that_cannot_be_observed_ends_the_session(run_cell: RunCell, pytester: pytest.Pytester) -> None:
    cell = run_changed(run_cell, pytester, SILENT_IN_WORKERS)
    assert cell.result.ret == 71
    assert cell.json("observed.json")["error"] in ("worker gw0: the worker\nis lost", "worker gw1: the worker\nis lost")
    assert not (pytester.path / "ran").exists()


LEAKS = """
import time
def test_leaks(record_property):
    record_property("leak", {"growth": 7, "readings": [1, 2]})
    block = b"x" * (96 << 20)
    time.sleep(0.5)
"""


def test_memory_is_that_of_all_processes_and_leaks_arrive(run_cell: RunCell) -> None:
    memory = run_cell(LEAKS, apart=True, arguments=("-n2",)).json("memory.json")
    assert memory["leaks"] == {"test_leaks": {"growth": 7, "readings": [1, 2]}}
    assert memory["peak"] > memory["samples"][0][1] + (96 << 20)
