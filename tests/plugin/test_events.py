"""Does the event log name the test that was running, however the process ended?"""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from plugin.cell_run import RunCell

# A made-up suite for a cell of its own, with a test for each way to end: skipped and foreseen ones, too.
EVERY_RESULT = """
import pytest

@pytest.fixture
def broken_setup():
    raise ValueError("no setup")

@pytest.fixture
def broken_teardown():
    yield
    raise ValueError("no teardown")

class TestInner:
    def test_passes(self): pass
    def test_fails(self): assert 1 == 2, "one is not two"
    def test_raises(self): raise KeyError("lost")
    def test_setup(self, broken_setup): pass
    def test_teardown(self, broken_teardown): pass
    def test_skips(self): pytest.skip("not here")
    @pytest.mark.xfail(reason="known")
    def test_xfails(self): assert False
    @pytest.mark.xfail(reason="known", strict=False)
    def test_xpasses(self): pass
"""


def test_every_result_has_its_word(run_cell: RunCell) -> None:
    cell = run_cell(EVERY_RESULT)
    ends = {event["test"]: event for event in cell.events("test_end")}
    assert {test.rpartition("::")[2]: event["result"] for test, event in ends.items()} == {
        "test_passes": "passed",
        "test_fails": "failed",
        "test_raises": "failed",
        "test_setup": "error",
        "test_teardown": "error",
        "test_skips": "skipped",
        "test_xfails": "xfailed",
        "test_xpasses": "xpassed",
    }
    failed = ends["test_inner.py::TestInner::test_fails"]
    assert "one is not two" in failed["message"]
    assert "\n" not in failed["message"]
    assert "def test_fails" in failed["longrepr"]
    assert "no teardown" in ends["test_inner.py::TestInner::test_teardown"]["message"]
    assert cell.events()[-1]["event"] == "session_end"
    assert cell.events()[-1]["collected"] == 8


def test_crash_leaves_the_name_of_the_running_test(run_cell: RunCell) -> None:
    cell = run_cell("import os\ndef test_before(): pass\ndef test_crash(): os.abort()\ndef test_after(): pass")
    assert cell.result.ret == -signal.SIGABRT
    assert [event["test"] for event in cell.events("test_end")] == ["test_inner.py::test_before"]
    assert cell.events()[-1]["event"] == "test_start"
    assert cell.events()[-1]["test"] == "test_inner.py::test_crash"


def test_session_tells_when_the_process_began(run_cell: RunCell) -> None:
    asked = time.time()
    [start] = run_cell("def test_inner(): pass").events("session_start")
    # A process's age is counted in clock ticks, so it may seem to begin a little before it was asked for.
    assert asked - 1 < start["process_started"] <= start["time"] <= time.time()


def test_no_test_still_ends_the_session(run_cell: RunCell) -> None:
    cell = run_cell(None)
    assert cell.result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    assert [(event["exit_code"], event["collected"]) for event in cell.events("session_end")] == [(5, 0)]
    assert cell.events("test_start") == []


def test_file_that_cannot_be_imported_is_an_event(run_cell: RunCell) -> None:
    cell = run_cell("import no_such_module")
    assert cell.result.ret == pytest.ExitCode.INTERRUPTED
    [event] = cell.events("collect_error")
    assert event["test"] == "test_inner.py"
    assert "no_such_module" in event["longrepr"]
