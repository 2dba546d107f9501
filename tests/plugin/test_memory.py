"""Is there a series of the resident set after every session, and do the leak measures reach it?"""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from matrix_cell.memory import MemorySeries

if TYPE_CHECKING:
    import pytest

    from plugin.cell_run import RunCell

GROWS = """
import time
class TestInner:
    def test_grows(self, record_property):
        record_property("leak", {"growth": 7})
        record_property("other", 1)
        block = b"x" * (64 << 20)
        time.sleep(0.3)
        assert len(block) == 0
"""


def test_failed_session_leaves_its_series(run_cell: RunCell) -> None:
    cell = run_cell(GROWS)
    memory = cell.json("memory.json")
    assert cell.result.ret == 1
    assert memory["schema_version"] == 1
    assert memory["unit"] == "bytes"
    seconds = [sample[0] for sample in memory["samples"]]
    sizes = [sample[1] for sample in memory["samples"]]
    assert len(seconds) >= 4
    assert seconds == sorted(seconds)
    assert memory["peak"] == max(sizes) > sizes[0] + (60 << 20)
    assert memory["leaks"] == {"test_grows": {"growth": 7}}


class Clock:
    """What the thread waits on: lets so many samples be taken, and then stops it."""

    def __init__(self, samples: int) -> None:
        self.samples = samples
        self.waited: list[float] = []

    def wait(self, seconds: float) -> bool:
        self.waited.append(seconds)
        return len(self.waited) > self.samples


class Stopped(MemorySeries):
    """A series without its thread, in a process whose size and age the test says."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr("time.perf_counter", lambda: self.now)
        super().__init__(path)
        self.close()
        self.rss = 0
        self.saved = 0
        for array in (self._seconds, self._resident):
            del array[:]
        self._process = self  # type: ignore[assignment]

    def memory(self) -> int:
        """Stands for the process: each look finds it 1,000 bytes larger and more than a second older."""
        self.now += 1.23456
        self.rss += 1000
        return self.rss

    def save(self) -> None:
        """Write what there is."""
        self._save()

    def let(self, samples: int) -> Clock:
        """Run what the thread does, for so many samples."""
        self._stop = clock = Clock(samples)  # type: ignore[assignment]
        self._run()
        return clock


def test_series_is_saved_with_every_twentieth_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "memory.json"
    series = Stopped(path, monkeypatch)
    path.unlink()
    assert series.let(19).waited == [0.05] * 20
    assert not path.exists()
    series.let(39)
    # Saved with the twentieth and the fortieth, and not again.
    assert len(json.loads(path.read_bytes())["samples"]) == 40


def test_record_holds_the_samples_and_their_peak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    series = Stopped(tmp_path / "memory.json", monkeypatch)
    series.let(1)
    series.rss = -5000
    series.let(1)
    series.save()
    assert json.loads((tmp_path / "memory.json").read_bytes()) == {
        "schema_version": 1,
        "unit": "bytes",
        "interval_seconds": 0.05,
        "samples": [[0.0, 1000], [1.2346, -4000]],
        "peak": 1000,
        "leaks": {},
    }


def test_series_that_is_saved_is_no_growth_of_the_process_that_it_watches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another thread may read the counters amid a save, which on a busy machine takes as long as a measure does."""
    series = Stopped(tmp_path / "memory.json", monkeypatch)
    series.let(999)
    at_work: list[int] = []
    monkeypatch.setattr(Path, "write_bytes", lambda *_: at_work.append(sys.getallocatedblocks()))
    monkeypatch.setattr(Path, "replace", lambda *_: None)
    before = sys.getallocatedblocks()
    series.save()
    assert at_work[0] - before < 100


def test_thread_of_the_series_holds_up_no_process_and_ends_with_it(tmp_path: Path) -> None:
    series = MemorySeries(tmp_path / "memory.json")
    [thread] = [thread for thread in threading.enumerate() if thread.name == "matrix-memory"]
    assert thread.daemon
    series.close()
    assert not thread.is_alive()
    # One sample at the beginning and one at the end, however short the session.
    assert len(json.loads((tmp_path / "memory.json").read_bytes())["samples"]) >= 2
