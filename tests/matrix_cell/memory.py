"""How does the memory of the session move while the tests run? A timer in, memory.json out.

With workers of pytest-xdist a sample is the sum over the session's own process and each worker that lives then. A page
that several of them share counts in each.
The series is for the eye and for the record; whether a test leaks is measured by that test (see `leak`), which hands
its numbers over as the user property `leak`.
"""

from __future__ import annotations

import itertools
import threading
import time
from array import array
from typing import TYPE_CHECKING, Any

import psutil

from matrix_cell.json_file import write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    import pytest

INTERVAL_SECONDS = 0.05
# How much of the series a crash may cost.
SAVE_EVERY = 20


class MemorySeries:
    """A pytest plugin object that samples the resident set from a daemon thread."""

    def __init__(self, path: Path, others: Callable[[], Iterable[psutil.Process]] = tuple) -> None:
        self._path = path
        self._others = others
        self._process = psutil.Process()
        self._began = time.perf_counter()
        # Arrays of numbers, not lists of objects: the series must not look like a leak to what it watches.
        self._seconds = array("d")
        self._resident = array("q")  # pragma: no mutate; without a sign it would do as well
        self._leaks: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="matrix-memory", daemon=True)
        self._sample()
        self._thread.start()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect what the leak tests measured, failed ones included."""
        name = report.nodeid.rpartition("::")[2]
        for key, value in report.user_properties:
            if key == "leak":
                self._leaks[name] = value

    def close(self) -> None:
        """Stop the thread and write the last state; runs at the end of every session, failed ones included."""
        self._stop.set()
        self._thread.join()
        self._sample()
        self._save()

    def _run(self) -> None:
        for taken in itertools.count(1):
            if self._stop.wait(INTERVAL_SECONDS):
                return
            self._sample()
            if taken % SAVE_EVERY == 0:
                self._save()

    def _sample(self) -> None:
        with self._lock:
            self._seconds.append(time.perf_counter() - self._began)
            self._resident.append(self._process.memory_info().rss + sum(map(resident, self._others())))

    def _save(self) -> None:
        with self._lock:
            samples = [[round(second, 4), rss] for second, rss in zip(self._seconds, self._resident)]
            write_json(
                self._path,
                {
                    "schema_version": 1,
                    "unit": "bytes",
                    "interval_seconds": INTERVAL_SECONDS,
                    "samples": samples,
                    "peak": max(self._resident),
                    "leaks": dict(self._leaks),
                },
            )


def resident(process: psutil.Process) -> int:
    """Return the resident set of another process: nothing once it has ended."""
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0
