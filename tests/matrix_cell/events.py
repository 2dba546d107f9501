"""Which test was running when the process ended? pytest's hooks in, one JSON line per event out, flushed at once.

A reader that finds a `test_start` without its `test_end` knows the test that crashed or hung.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


class EventLog:
    """A pytest plugin object that writes events.jsonl."""

    def __init__(self, path: Path) -> None:
        # Unbuffered: what was written is in the kernel's hands before the next test can take the process down.
        self._file = path.open("wb", buffering=0)
        self._reports: list[pytest.TestReport] = []
        self.write("session_start", process_started=psutil.Process().create_time())

    def write(self, event: str, **details: Any) -> None:
        """Append one line; a single write, so that a line is whole or absent."""
        line = {"event": event, **details, "time": time.time()}
        self._file.write(json.dumps(line).encode() + b"\n")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that cannot be imported, or skips itself, has no test to report it, so that is an event."""
        if report.failed:
            self.write("collect_error", test=report.nodeid, message=_reason(report), longrepr=report.longreprtext)
        elif report.skipped:
            self.write("collect_skip", test=report.nodeid, message=_reason(report))

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Say which tests were collected and not deselected; one that never runs has no other trace."""
        self.write("collected", tests=[item.nodeid for item in session.items])

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Say which test is about to run its setup."""
        self._reports = []
        self.write("test_start", test=nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the phases of the running test."""
        self._reports.append(report)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Say how the test ended, over all of its phases."""
        seconds = sum(report.duration for report in self._reports)
        self.write("test_end", test=nodeid, result=result_of(self._reports), seconds=seconds, **_details(self._reports))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None]:
        """Write the last line after every other plugin, each of which may change the exit code."""
        yield
        self.end(session)

    def end(self, session: pytest.Session) -> None:
        """Write the last line."""
        self.write("session_end", exit_code=int(session.exitstatus), collected=session.testscollected)

    def close(self) -> None:
        """Give the file back."""
        self._file.close()


def result_of(reports: list[pytest.TestReport]) -> str:
    """Fold the phases of one test into one word."""
    if any(report.failed and report.when != "call" for report in reports):
        return "error"
    if any(report.failed for report in reports):
        return "failed"
    expected_to_fail = any(hasattr(report, "wasxfail") for report in reports)
    if any(report.skipped for report in reports):
        return "xfailed" if expected_to_fail else "skipped"
    return "xpassed" if expected_to_fail else "passed"


def _details(reports: list[pytest.TestReport]) -> dict[str, str]:
    """Why a test failed, was skipped, or was expected to fail."""
    if failed := [report for report in reports if report.failed]:
        return {"message": _reason(failed[0]), "longrepr": "\n".join(report.longreprtext for report in failed)}
    if skipped := [report for report in reports if report.skipped]:
        return {"message": _reason(skipped[0])}
    return {}


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """The one line that a grid has room for."""
    crash = getattr(report.longrepr, "reprcrash", None)
    if hasattr(report, "wasxfail"):
        text = str(report.wasxfail)
    elif isinstance(report.longrepr, tuple):  # a skip: (path, line, reason)
        text = report.longrepr[2].removeprefix("Skipped: ")
    elif crash is not None:
        text = crash.message
    else:
        text = report.longreprtext
    return next((line.strip() for line in text.splitlines() if line.strip()), "")
