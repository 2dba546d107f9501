"""Does the event log name the test that was running, however the process ended?"""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from matrix_cell.events import EventLog, Lines

if TYPE_CHECKING:
    from pathlib import Path

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
    messages = {test.rpartition("::")[2]: event.get("message") for test, event in ends.items()}
    assert messages == {
        "test_passes": None,
        "test_fails": "AssertionError: one is not two",
        "test_raises": "KeyError: 'lost'",
        "test_setup": "ValueError: no setup",
        "test_teardown": "ValueError: no teardown",
        "test_skips": "not here",
        "test_xfails": "known",
        "test_xpasses": None,
    }
    failed = ends["test_inner.py::TestInner::test_fails"]
    assert "def test_fails" in failed["longrepr"]
    assert [event["test"] for event in cell.events("test_start")] == list(ends)
    assert [event["tests"] for event in cell.events("collected")] == [list(ends)]
    assert all(before["time"] <= after["time"] for before, after in zip(cell.events(), cell.events()[1:]))
    assert cell.events()[-1]["event"] == "session_end"
    assert cell.events()[-1]["collected"] == 8


def test_session_begins_with_its_process(run_cell: RunCell) -> None:
    first = run_cell("def test_inner(): pass").events()[0]
    assert first["event"] == "session_start"
    assert first["process_started"] == psutil.Process().create_time()


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


REASONS = """
import pytest, unittest

@pytest.fixture
def skips(): pytest.skip("the fixture says so")

@pytest.mark.skip(reason="marked")
def test_marked(): pass
@pytest.mark.skip
def test_marked_without_a_reason(): pass
@pytest.mark.skipif(True, reason="under a condition")
def test_condition(): pass
def test_in_setup(skips): pass
def test_in_call(): pytest.skip("first line\\nsecond line")
def test_without_a_reason(): pytest.skip()
class TestUnit(unittest.TestCase):
    def test_unit(self): self.skipTest("by unittest")
@pytest.mark.xfail(reason="known, not run", run=False)
def test_not_run(): pass
@pytest.mark.xfail
def test_unexplained(): assert False
def test_imperative(): pytest.xfail("said inside")
@pytest.mark.xfail(reason="foreseen in setup")
def test_foreseen(missing_fixture): pass
"""


def test_reasons_for_not_passing_are_kept(run_cell: RunCell) -> None:
    ends = run_cell(REASONS).events("test_end")
    assert {event["test"].rpartition("::")[2]: (event["result"], event["message"]) for event in ends} == {
        "test_marked": ("skipped", "marked"),
        "test_marked_without_a_reason": ("skipped", "unconditional skip"),
        "test_condition": ("skipped", "under a condition"),
        "test_in_setup": ("skipped", "the fixture says so"),
        "test_in_call": ("skipped", "first line"),
        "test_without_a_reason": ("skipped", "Skipped"),
        "test_unit": ("skipped", "by unittest"),
        "test_not_run": ("xfailed", "[NOTRUN] known, not run"),
        "test_unexplained": ("xfailed", ""),
        "test_imperative": ("xfailed", "said inside"),
        "test_foreseen": ("xfailed", "foreseen in setup"),
    }


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import pytest; pytest.skip('not on this system', allow_module_level=True)", "not on this system"),
        ("import pytest; pytest.importorskip('no_such_module')", "could not import 'no_such_module': *"),
        ("import unittest; raise unittest.SkipTest('by unittest')", "unittest.case.SkipTest: by unittest"),
    ],
)
def test_file_that_skips_itself_is_an_event(run_cell: RunCell, code: str, message: str) -> None:
    cell = run_cell(code)
    [event] = cell.events("collect_skip")
    assert event["test"] == "test_inner.py"
    assert fnmatchcase(event["message"], message)
    assert [event["tests"] for event in cell.events("collected")] == [[]]


def test_collected_tests_that_never_ran_are_known(run_cell: RunCell) -> None:
    leaves = "import pytest\ndef test_two(): pytest.exit('enough', returncode=0)\n"
    cell = run_cell(f"def test_one(): pass\n{leaves}def test_three(): pass")
    assert cell.result.ret == 0
    [collected] = cell.events("collected")
    assert collected["tests"] == [f"test_inner.py::test_{name}" for name in ("one", "two", "three")]
    assert [event["test"] for event in cell.events("test_end")] == ["test_inner.py::test_one"]


def test_deselected_tests_are_not_expected_to_run(run_cell: RunCell) -> None:
    code = "def test_one(): pass\ndef test_two(): pass"
    [collected] = run_cell(code, arguments=("-k", "two")).events("collected")
    assert collected["tests"] == ["test_inner.py::test_two"]


def test_last_line_tells_the_exit_code_that_other_plugins_made(run_cell: RunCell, pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        "import pytest\n@pytest.hookimpl(trylast=True)\ndef pytest_sessionfinish(session): session.exitstatus = 9"
    )
    cell = run_cell("def test_inner(): pass")
    assert cell.result.ret == 9
    assert cell.events()[-1]["exit_code"] == 9


def test_time_of_a_test_is_that_of_all_its_phases(run_cell: RunCell, pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        "import pytest\n@pytest.hookimpl(tryfirst=True)\n"
        "def pytest_runtest_logreport(report): report.duration = {'setup': 1, 'call': 20}.get(report.when, 300)"
    )
    [end] = run_cell("def test_inner(): pass").events("test_end")
    assert end["seconds"] == 321


def test_failures_of_one_test_are_all_shown(run_cell: RunCell) -> None:
    code = """
import pytest

@pytest.fixture
def breaks():
    yield
    raise ValueError("in teardown")

def test_inner(breaks): assert False, "in call"
"""
    [end] = run_cell(code).events("test_end")
    assert end["result"] == "error"
    assert end["message"] == "AssertionError: in call"
    lines = end["longrepr"].splitlines()
    # The report of the call ends with where it failed, and that of the teardown begins with the fixture.
    [seam] = [number for number, line in enumerate(lines) if line == "test_inner.py:8: AssertionError"]
    assert "def test_inner" in end["longrepr"]
    assert lines[seam + 1 : seam + 3] == ["@pytest.fixture", "    def breaks():"]


def report(**attributes: Any) -> pytest.CollectReport:
    """Return what a file left at collection, with such attributes."""
    made = pytest.CollectReport("test_inner.py", "failed", None, [])
    vars(made).update(attributes)
    return made


@pytest.mark.parametrize(
    ("longrepr", "message"),
    [("\n  \n  first \nsecond", "first"), ("", ""), (None, "")],
)
def test_message_is_the_first_line_that_says_something(tmp_path: Path, longrepr: str | None, message: str) -> None:
    lines = Lines(tmp_path / "events.jsonl")
    log = EventLog(lines)
    log.pytest_collectreport(report(longrepr=longrepr))
    lines.close()
    [line] = (tmp_path / "events.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["message"] == message


def test_what_was_told_is_written_while_the_process_lives(tmp_path: Path) -> None:
    lines = Lines(tmp_path / "events.jsonl")
    log = EventLog(lines)
    # A report without a start before it.
    log.pytest_runtest_logreport(pytest.TestReport("test_inner.py::test_x", ("", 0, ""), {}, "failed", "gone", "call"))
    log.pytest_runtest_logfinish("test_inner.py::test_x")
    [line] = (tmp_path / "events.jsonl").read_text(encoding="utf-8").splitlines()
    lines.close()
    assert json.loads(line).items() >= {"event": "test_end", "result": "failed", "message": "gone"}.items()


def test_file_that_was_collected_is_no_event(run_cell: RunCell) -> None:
    kinds = [event["event"] for event in run_cell("def test_inner(): pass").events()]
    assert kinds == ["session_start", "collected", "test_start", "test_end", "session_end"]


SURROGATES = """
import os, pytest
def test_fails(): assert False, "bad \\udcff, good \\U0001f600, \\u2028 and \\\\udcff as it is"
def test_skips(): pytest.skip(os.fsdecode(b"no \\xff"))
"""


def test_text_that_is_no_unicode_is_spelt_out(run_cell: RunCell) -> None:
    cell = run_cell(SURROGATES)
    failed, skipped = cell.events("test_end")
    assert failed["message"] == "AssertionError: bad \\udcff, good \U0001f600,"
    assert "bad \\udcff, good \U0001f600" in failed["longrepr"]
    assert "and \\udcff as it is" in failed["longrepr"]
    assert skipped["message"] == "no \\udcff"
