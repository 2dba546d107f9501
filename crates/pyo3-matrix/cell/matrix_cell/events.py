"""Which test was running when the process ended? pytest's hooks in, one JSON line per event out, flushed at once.

A reader that finds a `test_start` without its `test_end` knows the test that crashed or hung.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from matrix_cell.json_file import json_line
from matrix_cell.phases import as_earlier, end_of, phase_of, reason_of
from matrix_cell.watched import Watched

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from matrix_cell.phases import Phase


class Lines:
    """The file itself. The processes of a session with workers all append to it; the session's own begins it."""

    def __init__(self, path: Path, worker: str | None = None) -> None:
        # Unbuffered: what was written is in the kernel's hands before the next test can take the process down.
        self._file = path.open("ab", buffering=0)
        self._worker = {} if worker is None else {"worker": worker}

    def write(self, event: str, **details: Any) -> None:
        """Append one line; a single write, so that a line is whole or absent, whichever other process writes."""
        line = {"event": event, **self._worker, **details, "time": time.time()}
        self._file.write(json_line(line))

    def close(self) -> None:
        """Give the file back."""
        self._file.close()


class SessionLog:
    """A pytest plugin object that tells when the session begins and ends; where there are workers, of all of them."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._lines.write("session_start", process_started=Watched().started())

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None]:
        """Write the last line after every other plugin, each of which may change the exit code."""
        yield
        self.end(session)

    def end(self, session: pytest.Session) -> None:
        """Write the last line."""
        self._lines.write("session_end", exit_code=int(session.exitstatus), collected=session.testscollected)


class EventLog:
    """A pytest plugin object that tells of each test that this process collects and runs."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._phases: dict[str, list[Phase]] = {}

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that cannot be imported, or skips itself, has no test to report it, so that is an event."""
        if report.failed:
            self._lines.write(
                "collect_error", test=report.nodeid, message=reason_of(report), longrepr=report.longreprtext
            )
        elif report.skipped:
            self._lines.write("collect_skip", test=report.nodeid, message=reason_of(report))

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Say which tests were collected and not deselected; one that never runs has no other trace."""
        self._lines.write("collected", tests=[item.nodeid for item in session.items])

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Say which test is about to run its setup."""
        self._lines.write("test_start", test=nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the phases of the running test. Its start may be told twice before its end, so a start drops none."""
        self._phases.setdefault(report.nodeid, []).append(phase_of(report))

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Say how the test ended, over all of its phases. If pytest runs it again, a failure is not forgotten."""
        phases = self._phases.pop(nodeid, [])
        end = end_of(phases)
        self._lines.write("test_end", test=nodeid, seconds=sum(phase.seconds for phase in phases), **end)
        if earlier := as_earlier(end):
            self._phases[nodeid] = earlier
