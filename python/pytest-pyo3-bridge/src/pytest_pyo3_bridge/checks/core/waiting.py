"""Can everything else go on while an awaitable waits in Rust? Other threads, other tasks, and the other way round."""

from __future__ import annotations

import asyncio
import statistics
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pytest_pyo3_bridge.catalogue import Level, check
from pytest_pyo3_bridge.trial import within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_pyo3_bridge.trial import Trial

# The work takes a second; who is kept from running for four fifths of it waits for the work itself.
WORK = 1.0
KEPT = 0.8
# The interpreter asks a thread for the GIL every 5 ms; half a dozen of such turns are noise.
SHORT = 0.03
# Beside busy threads, each step that needs the GIL waits for a turn of 5 ms per busy thread.
LATE = 0.25


class Gaps:
    """How long a thread was kept from running, at the worst, since the last look."""

    def __init__(self) -> None:
        self._worst = 0.0
        self._ended = threading.Event()

    def take(self) -> float:
        """Return the longest gap in seconds, and begin again."""
        worst, self._worst = self._worst, 0.0
        return worst

    def run(self) -> None:
        """Look at the clock again and again."""
        last = time.perf_counter()
        while not self._ended.is_set():
            time.sleep(0.001)
            now = time.perf_counter()
            self._worst = max(self._worst, now - last)
            last = now

    def end(self) -> None:
        """Let `run` return."""
        self._ended.set()


@contextmanager
def watching() -> Iterator[Gaps]:
    """Watch the gaps in another thread."""
    gaps = Gaps()
    thread = threading.Thread(target=gaps.run, daemon=True, name="bridge gaps")
    thread.start()
    try:
        yield gaps
    finally:
        gaps.end()
        thread.join()


@check(
    "core/gil-free-while-waiting",
    Level.MUST,
    "other threads run while an awaitable waits",
    why="Who blocks with the GIL held stops every thread, and for ever if the work needs the GIL to end.",
    source="PyO3/pyo3#1305",
)
async def gil_free_while_waiting(trial: Trial) -> None:
    adapter = trial.adapter
    await within(adapter.quick())
    with watching() as gaps:
        await within(adapter.slow(WORK))
        worst = gaps.take()
    trial.note("longest gap of another thread, s", round(worst, 3))
    assert worst < KEPT * WORK, f"another thread could not run for {worst:.2f} s, while {WORK:g} s of work were awaited"


@check(
    "core/loop-free-while-waiting",
    Level.MUST,
    "other tasks run while an awaitable waits",
    why="An await that blocks its thread works, and starves every other task.",
    source="PyO3/pyo3-async-runtimes#58",
)
async def loop_free_while_waiting(trial: Trial) -> None:
    adapter = trial.adapter
    await within(adapter.quick())
    gaps: list[float] = []

    async def tick() -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.01)
            gaps.append(time.perf_counter() - began)

    ticking = asyncio.ensure_future(tick())
    await asyncio.sleep(0.02)
    await within(adapter.slow(WORK))
    await asyncio.sleep(0.02)
    ticking.cancel()
    worst = max(gaps, default=WORK)
    trial.note("longest gap of another task, s", round(worst, 3))
    assert worst < KEPT * WORK, f"another task could not run for {worst:.2f} s, while {WORK:g} s of work were awaited"


@check(
    "core/work-runs-at-once",
    Level.MUST,
    "awaitables wait at the same time, not one after another",
    why="Work that is done one by one makes concurrency a form of words.",
    source="PyO3/pyo3-async-runtimes#58",
)
async def work_runs_at_once(trial: Trial) -> None:
    adapter = trial.adapter
    await within(adapter.quick())
    began = time.perf_counter()
    await within(asyncio.gather(*(adapter.slow(0.5) for _ in range(6))))
    seconds = time.perf_counter() - began
    trial.note("6 times 0.5 s at once, s", round(seconds, 2))
    assert seconds < 2.5, f"6 awaitables of 0.5 s took {seconds:.1f} s"


@check(
    "core/answers-take-the-gil-shortly",
    Level.SHOULD,
    "bringing an answer back holds the GIL only for a moment",
    why="Each answer that holds the GIL adds its time to all other threads and tasks.",
    source="PyO3/pyo3-async-runtimes#58",
    measures=True,
)
async def answers_take_the_gil_shortly(trial: Trial) -> None:
    adapter = trial.adapter
    await within(adapter.quick())
    gaps = []
    with watching() as watched:
        for _ in range(trial.count(20, 60, 1000)):
            watched.take()
            await within(adapter.quick())
            gaps.append(watched.take())
    typical = statistics.median(gaps)
    trial.note("median gap of another thread per answer, ms", round(typical * 1000, 2))
    assert typical < SHORT, f"each answer keeps another thread from running for {typical * 1000:.0f} ms"


@check(
    "core/answers-come-beside-busy-threads",
    Level.SHOULD,
    "answers come while Python threads compute",
    why="A bridge that needs the GIL for each step times out beside a thread that computes.",
    source="PyO3/pyo3-async-runtimes#58",
    measures=True,
)
async def answers_come_beside_busy_threads(trial: Trial) -> None:
    adapter = trial.adapter
    await within(adapter.quick())
    ended = threading.Event()

    def compute() -> None:
        while not ended.is_set():
            sum(range(2000))

    threads = [threading.Thread(target=compute, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    seconds: list[float] = []
    count = trial.count(10, 30, 300)
    try:
        # Answers that are late on the whole are told as that, before the check hangs.
        while len(seconds) < count and sum(seconds) < count * LATE:
            began = time.perf_counter()
            await within(adapter.quick())
            seconds.append(time.perf_counter() - began)
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    typical = statistics.median(seconds)
    trial.note("median seconds per answer beside two busy threads", round(typical, 4))
    assert typical < LATE, f"an answer takes {typical:.2f} s beside two threads that compute"
