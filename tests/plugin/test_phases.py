"""Is a test called passed only if each of its phases passed, the first time that pytest ran it?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from matrix_cell.events import EventLog, Lines
from matrix_cell.phases import Phase, as_earlier, end_of, phase_of, reason_of

if TYPE_CHECKING:
    from pathlib import Path

    from plugin.cell_run import RunCell

SETUP, CALL, TEARDOWN = "setup", "call", "teardown"


def phase(when: str, outcome: str = "passed", *, foreseen: bool = False) -> Phase:
    """Return a phase of which the message and the whole report name what it is."""
    message = f"{outcome} in {when}"
    return Phase(when, outcome, foreseen, message=message, longrepr=f"{message}, in full", seconds=1)


ALL = [phase(SETUP), phase(CALL), phase(TEARDOWN)]


def red(result: str, message: str, longrepr: str) -> dict[str, str]:
    return {"result": result, "message": message, "longrepr": longrepr}


@pytest.mark.parametrize(
    ("phases", "end"),
    [
        (ALL, {"result": "passed"}),
        ([phase(SETUP), phase(CALL, foreseen=True), phase(TEARDOWN)], {"result": "xpassed"}),
        ([phase(SETUP, "skipped"), phase(TEARDOWN)], {"result": "skipped", "message": "skipped in setup"}),
        (
            [phase(SETUP), phase(CALL, "skipped", foreseen=True), phase(TEARDOWN)],
            {"result": "xfailed", "message": "skipped in call"},
        ),
        (
            [phase(SETUP), phase(CALL, "failed"), phase(TEARDOWN)],
            red("failed", "failed in call", "failed in call, in full"),
        ),
        (
            [phase(SETUP), phase(CALL, "failed"), phase(TEARDOWN, "failed")],
            red("error", "failed in call", "failed in call, in full\nfailed in teardown, in full"),
        ),
        (
            [phase(SETUP, "skipped"), phase(TEARDOWN, "failed")],
            red("error", "failed in teardown", "failed in teardown, in full"),
        ),
    ],
)
def test_phases_of_a_test_make_one_result(phases: list[Phase], end: dict[str, Any]) -> None:
    assert end_of(phases) == end


@pytest.mark.parametrize("absent", range(3))
def test_absent_phase_is_no_pass(absent: int) -> None:
    phases = [*ALL[:absent], *ALL[absent + 1 :]]
    assert end_of(phases) == red("failed", f"pytest reported no {ALL[absent].when} of it", "")


def test_nothing_reported_is_no_pass() -> None:
    assert end_of([]) == red("failed", "pytest reported no setup, no call, no teardown of it", "")


@pytest.mark.parametrize("outcome", ["rerun", "retried", "a word of a later plugin"])
@pytest.mark.parametrize("when", [SETUP, CALL, TEARDOWN])
def test_outcome_of_another_plugin_is_no_pass(outcome: str, when: str) -> None:
    again, why = [phase(when, outcome)], f"{outcome} in {when}"
    whole = f"{why}, in full"
    assert end_of(again + ALL) == red("failed", f"passed only when pytest ran it again: {why}", whole)
    assert end_of(again) == red("failed", why, whole)
    skipped = [*again, phase(SETUP, "skipped"), phase(TEARDOWN)]
    assert end_of(skipped) == red("failed", f"skipped only when pytest ran it again: {why}", whole)
    foreseen = [*again, phase(SETUP), phase(CALL, foreseen=True), phase(TEARDOWN)]
    assert end_of(foreseen) == red("failed", f"xpassed only when pytest ran it again: {why}", whole)
    # A failure of the last time says more than that of the first.
    assert end_of([*again, phase(SETUP), phase(CALL, "failed")])["message"] == "failed in call"


def test_failures_before_several_passes_are_all_shown() -> None:
    end = end_of([phase(CALL, "rerun"), phase(TEARDOWN, "rerun"), *ALL])
    assert end["message"] == "passed only when pytest ran it again: rerun in call"
    assert end["longrepr"] == "rerun in call, in full\nrerun in teardown, in full"


def test_what_a_red_end_leaves_makes_the_next_one_red() -> None:
    for result in ("failed", "error"):
        [left] = as_earlier(red(result, "why", "in full"))
        assert left == Phase("call", "rerun", foreseen=False, message="why", longrepr="in full", seconds=0)
        assert end_of([left, *ALL]) == red("failed", "passed only when pytest ran it again: why", "in full")
    for result in ("passed", "skipped", "xfailed", "xpassed"):
        assert as_earlier({"result": result, "message": ""}) == []


def report(when: str, outcome: str, longrepr: str | None = None, test: str = "test_inner.py::test_x") -> Any:
    return pytest.TestReport(test, ("", 0, ""), {}, outcome, longrepr, when, duration=0.5)  # type: ignore[arg-type]


def test_passing_phase_has_no_message() -> None:
    assert phase_of(report(CALL, "passed", "a repr")) == Phase(
        CALL, "passed", foreseen=False, message="", longrepr="", seconds=0.5
    )
    assert phase_of(report(CALL, "failed", "a\nrepr")) == Phase(
        CALL, "failed", foreseen=False, message="a", longrepr="a\nrepr", seconds=0.5
    )
    whenless = report(CALL, "passed")
    whenless.when = None
    whenless.wasxfail = "known"
    assert phase_of(whenless) == Phase("", "passed", foreseen=True, message="", longrepr="", seconds=0.5)


def ends(lines: Lines, path: Path) -> list[dict[str, Any]]:
    lines.close()
    events = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [event for event in events if event["event"] == "test_end"]


@pytest.mark.parametrize("finished", [True, False], ids=["finished each time", "finished once"])
def test_test_that_passed_the_second_time_has_failed(tmp_path: Path, *, finished: bool) -> None:
    # As pytest-rerunfailures reports it, with an end for each time, or with one at last.
    test, path = "test_inner.py::test_x", tmp_path / "events.jsonl"
    lines = Lines(path)
    log = EventLog(lines)
    log.pytest_runtest_logstart(test)
    for again in [report(SETUP, "passed"), report(CALL, "rerun", "first time"), report(TEARDOWN, "passed")]:
        log.pytest_runtest_logreport(again)
    if finished:
        log.pytest_runtest_logfinish(test)
    log.pytest_runtest_logstart(test)
    for when in (SETUP, CALL, TEARDOWN):
        log.pytest_runtest_logreport(report(when, "passed"))
    log.pytest_runtest_logfinish(test)
    last = ends(lines, path)[-1]
    assert (last["result"], last["longrepr"]) == ("failed", "first time")
    assert last["message"] == "passed only when pytest ran it again: first time"


def test_test_that_hid_its_first_failure_has_failed(tmp_path: Path) -> None:
    # As the plugin `flaky` reports it: nothing of the call that failed, then a second time from start to end.
    test, path = "test_inner.py::test_x", tmp_path / "events.jsonl"
    lines = Lines(path)
    log = EventLog(lines)
    for reported in [(SETUP, TEARDOWN), (SETUP, CALL, TEARDOWN)]:
        log.pytest_runtest_logstart(test)
        for when in reported:
            log.pytest_runtest_logreport(report(when, "passed"))
        log.pytest_runtest_logfinish(test)
    log.pytest_runtest_logreport(report(SETUP, "passed", test="test_inner.py::test_y"))
    log.pytest_runtest_logfinish("test_inner.py::test_y")
    told = [(end["result"], end["message"]) for end in ends(lines, path)]
    assert told == [
        ("failed", "pytest reported no call of it"),
        ("failed", "passed only when pytest ran it again: pytest reported no call of it"),
        ("failed", "pytest reported no call, no teardown of it"),
    ]


def test_end_without_a_report_is_no_pass(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    lines = Lines(path)
    log = EventLog(lines)
    log.pytest_runtest_logfinish("test_inner.py::test_x")
    [end] = ends(lines, path)
    assert end["result"] == "failed"


def test_report_that_is_written_over_later_stays_as_it_came(tmp_path: Path) -> None:
    # As pytest-retry does: the report of the first call is told with a word of its own, and becomes that of the last.
    test, path = "test_inner.py::test_x", tmp_path / "events.jsonl"
    lines = Lines(path)
    log = EventLog(lines)
    call = report(CALL, "retried", "first time")
    log.pytest_runtest_logreport(report(SETUP, "passed"))
    log.pytest_runtest_logreport(call)
    call.outcome, call.longrepr = "passed", None
    log.pytest_runtest_logreport(call)
    log.pytest_runtest_logreport(report(TEARDOWN, "passed"))
    log.pytest_runtest_logfinish(test)
    [end] = ends(lines, path)
    assert (end["result"], end["seconds"]) == ("failed", 2)
    assert end["message"] == "passed only when pytest ran it again: first time"


# What pytest-rerunfailures does with a test that failed, without the package.
RUNS_AGAIN = """
import pytest
from _pytest.runner import runtestprotocol

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item, nextitem):
    for last in (False, True):
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
        for report in reports:
            if report.failed and not last:
                report.outcome = "rerun"
            item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        if all(report.outcome != "rerun" for report in reports):
            return True
"""


def test_session_that_runs_failed_tests_again_still_tells_of_them(run_cell: RunCell, pytester: pytest.Pytester) -> None:
    pytester.makeconftest(RUNS_AGAIN)
    cell = run_cell("times = []\ndef test_inner():\n    times.append(1)\n    assert len(times) > 1, 'first time'")
    assert cell.result.ret == 0
    assert [(end["result"], end["message"]) for end in cell.events("test_end")] == [
        ("failed", "AssertionError: first time"),
        ("failed", "passed only when pytest ran it again: AssertionError: first time"),
    ]


def test_session_that_calls_no_test_has_passed_none(run_cell: RunCell) -> None:
    cell = run_cell("def test_inner(): pass", arguments=("--setup-only",))
    assert cell.result.ret == 0
    assert [(end["result"], end["message"]) for end in cell.events("test_end")] == [
        ("failed", "pytest reported no call of it")
    ]


def test_file_that_cannot_be_imported_is_red_for_what_was_raised() -> None:
    longrepr = (
        "ImportError while importing test module '/copy/tests/test_a.py'.\nHint: look\nTraceback:\ntests/test_a.py:3\n"
        "    from rpds import Gone\nE   ImportError: cannot import name 'Gone' from 'rpds'\n"
    )
    collected = pytest.CollectReport("tests/test_a.py", "failed", longrepr, [])
    assert reason_of(collected) == "ImportError: cannot import name 'Gone' from 'rpds'"
    plain = pytest.CollectReport("tests/test_a.py", "failed", "\nsomething else\nmore", [])
    assert reason_of(plain) == "something else"
