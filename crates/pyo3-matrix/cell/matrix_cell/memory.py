"""How does the memory of the session move while the tests run? A timer in, memory.json out.

With workers of pytest-xdist a sample is the sum over the session's own process and each worker that lives then. A page
that several of them share counts in each.
The series is for the eye and for the record; whether a test leaks is measured by that test (see `leak`), which hands
its numbers over as the user property `leak`.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import weakref
from array import array
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matrix_cell.json_file import json_line, write_whole
from matrix_cell.watched import Watched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pytest

INTERVAL_SECONDS = 0.05
# How much of the series a crash may cost.
SAVE_EVERY = 20
# How long a thread that was joined may still be seen by the system, in seconds.
GONE_WITHIN = 1.0
# Python 3.13 counts the threads after what runs behind a fork, so there the series goes on with the next report.
AT_ONCE = sys.version_info[:2] != (3, 13)

# The series of this process: none, or one.
SERIES: weakref.WeakSet[MemorySeries] = weakref.WeakSet()


class MemorySeries:
    """A pytest plugin object that samples the resident set from a daemon thread."""

    def __init__(self, path: Path, others: Callable[[], Iterable[Watched]] = tuple) -> None:
        self._path = path
        self._others = others
        self._process = Watched()
        self._began = time.perf_counter()
        # Arrays of numbers, not lists of objects: the series must not look like a leak to what it watches.
        self._seconds = array("d")
        self._resident = array("q")  # pragma: no mutate; without a sign it would do as well
        self._leaks: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._sample()
        self._start()
        SERIES.add(self)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect what the leak tests measured, failed ones included."""
        self.resume()
        name = report.nodeid.rpartition("::")[2]
        for key, value in report.user_properties:
            if key == "leak":
                self._leaks[name] = value

    def close(self) -> None:
        """Stop the thread and write the last state; runs at the end of every session, failed ones included."""
        SERIES.discard(self)
        self._halt()
        self._sample()
        self._save()

    def pause(self) -> None:
        """End the thread before this process forks. From 3.12 on, Python warns of a fork beside other threads."""
        self._halt()
        deadline = time.monotonic() + GONE_WITHIN
        # Before 3.13 a thread that was joined may not have left the system yet, which is what Python counts.
        while self._task.exists() and time.monotonic() < deadline:
            time.sleep(0)

    def resume(self) -> None:
        """Go on if a fork has ended the thread."""
        if self._stop.is_set():
            self._start()

    def _start(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="matrix-memory", daemon=True)
        self._thread.start()
        self._task = Path(f"/proc/self/task/{self._thread.native_id}")

    def _halt(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(INTERVAL_SECONDS):
            self._sample()
            if len(self._seconds) % SAVE_EVERY == 0:
                self._save()

    def _sample(self) -> None:
        with self._lock:
            self._seconds.append(time.perf_counter() - self._began)
            self._resident.append(self._process.memory() + sum(process.memory() for process in self._others()))

    def _save(self) -> None:
        with self._lock:
            rest = {
                "schema_version": 1,
                "unit": "bytes",
                "interval_seconds": INTERVAL_SECONDS,
                "peak": max(self._resident),
                "leaks": dict(self._leaks),
            }
            # A text, not lists of objects: a test that counts them may be at work while this is saved.
            text = bytearray(json_line(rest)[:-2] + b', "samples": [')
            for second, rss in zip(self._seconds, self._resident):
                text += b"[%.4f, %d], " % (second, rss)
            text[-2:] = b"]}\n"
            write_whole(self._path, text)


def pause_all() -> None:
    """Run before each fork of this process."""
    for series in list(SERIES):
        series.pause()


def resume_all() -> None:
    """Run after each fork, in the parent. Nothing goes on in the child, which is no process of the session."""
    for series in list(SERIES) if AT_ONCE else ():
        series.resume()


os.register_at_fork(before=pause_all, after_in_parent=resume_all)
