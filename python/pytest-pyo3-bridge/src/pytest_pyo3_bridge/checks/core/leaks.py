"""What is left after thousands of operations? Nothing: each path is measured on its own."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING, Any

from pytest_pyo3_bridge import resources
from pytest_pyo3_bridge.catalogue import Level, check
from pytest_pyo3_bridge.leak import Plan, measure
from pytest_pyo3_bridge.leak_limits import complaints
from pytest_pyo3_bridge.patience import patient
from pytest_pyo3_bridge.trial import Inapplicable, close, within

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pytest_pyo3_bridge.trial import Trial

AT_ONCE = 10
BLOCKS = 20
# The first operations fill caches: of types, of the allocator, of the other side.
WARM_UP = 400
SOURCE = "PyO3/pyo3-async-runtimes#64"
# Rows of an answer that is large: its buffers are other than those of small ones.
LARGE = 500
# So many times the usual bytes are no leak there. What is lost per row or per buffer is 8 MB in 1,000 answers, while
# the allocator takes up to 0.5 MB more before it has all that it needs (over 1,800 answers in a new process).
LARGE_TIMES = 8
# How long a reading waits for descriptors that are on their way out.
PATIENCE = 3.0


class Settling:
    """Waits until what is on its way out is gone: a driver's cancel request, say, has a connection of its own.

    What did not go in time is taken for lost, and nothing is waited for any more.
    """

    def __init__(self) -> None:
        self.least = sys.maxsize
        self.is_lost = False

    async def wait(self) -> None:
        """Wait until there are as few descriptors as there ever were."""
        deadline = time.monotonic() + patient(PATIENCE)
        while (count := resources.counts().get("file_descriptors", 0)) > self.least and not self.is_lost:
            await asyncio.sleep(0.01)
            self.is_lost = time.monotonic() > deadline
        self.least = min(self.least, count)


async def judged(
    trial: Trial, path: str, once: Callable[[], Awaitable[Any]], scale: float = 1.0, times: int = 1
) -> None:
    """Measure a path, note what it left, and hold that to the limits.

    Args:
        trial: the check.
        path: its name in the notes.
        once: does the operation once; its error is part of the path.
        scale: how many operations, as a part of those of the success path.
        times: how many times the usual bytes may go.
    """
    settling = Settling()

    async def work(operations: int) -> None:
        for _ in range(operations // AT_ONCE):
            await asyncio.gather(*(once() for _ in range(AT_ONCE)), return_exceptions=True)
        await settling.wait()

    # Blocks of whole batches: what is done is what is counted.
    batches = max(1, round(trial.count(2000, 6000, 1_000_000) * scale / BLOCKS / AT_ONCE))
    operations = batches * BLOCKS * AT_ONCE
    measured = await measure(work, Plan(operations, BLOCKS, warm_up=max(operations // 2, WARM_UP)))
    for size in measured.sizes:
        slope = measured.slope(size)
        trial.note(f"{path}: {size}, bytes per 1,000", f"{slope.estimate:.0f} ({slope.low:.0f} to {slope.high:.0f})")
    for counter in measured.counters:
        trial.note(f"{path}: {counter}", measured.growth(counter))
    found = complaints(measured, times)
    assert not found, f"{path}: " + "; ".join(found)


@check(
    "core/no-leak-on-success",
    Level.MUST,
    "answers leave neither memory nor threads nor descriptors",
    why="What is left of each call adds up to a restart every night.",
    source=SOURCE,
    measures=True,
    limit=30.0,
)
async def no_leak_on_success(trial: Trial) -> None:
    await judged(trial, "success", trial.adapter.quick)


@check(
    "core/no-leak-on-error",
    Level.MUST,
    "errors leave neither memory nor threads nor descriptors",
    why="The path of errors is the one that nobody measures.",
    source=SOURCE,
    measures=True,
    limit=30.0,
)
async def no_leak_on_error(trial: Trial) -> None:
    await judged(trial, "error", trial.adapter.fail)


@check(
    "core/no-leak-on-cancellation",
    Level.MUST,
    "cancelled calls leave neither memory nor threads nor descriptors",
    why="Programs with time limits cancel all day.",
    source=SOURCE,
    measures=True,
    limit=30.0,
)
async def no_leak_on_cancellation(trial: Trial) -> None:
    adapter = trial.adapter

    async def once() -> None:
        work = asyncio.ensure_future(adapter.slow(5.0))
        await asyncio.sleep(trial.chance.uniform(0, 0.004))
        work.cancel()
        await asyncio.wait({work})

    await judged(trial, "cancellation", once, scale=0.5)


@check(
    "core/no-leak-on-large-answers",
    Level.MUST,
    "large answers leave neither memory nor threads nor descriptors",
    why="A reference that is lost per item is a hundred times as much as one per call.",
    source=SOURCE,
    needs=("rows",),
    measures=True,
    limit=30.0,
)
async def no_leak_on_large_answers(trial: Trial) -> None:
    adapter = trial.adapter

    async def once() -> None:
        found = await adapter.rows(LARGE)
        assert len(found) == LARGE, f"{len(found)} of {LARGE} rows came"

    await within(once())
    await judged(trial, "large answers", once, scale=0.2, times=LARGE_TIMES)


@check(
    "core/no-leak-on-churn",
    Level.MUST,
    "what is opened and closed again leaves neither memory nor threads nor descriptors",
    why="A service that reconnects at each deployment must not grow by it.",
    source=SOURCE,
    needs=("close",),
    measures=True,
    limit=30.0,
)
async def no_leak_on_churn(trial: Trial) -> None:
    async def once() -> None:
        adapter = trial.make()
        try:
            await adapter.quick()
        finally:
            await close(adapter)

    await within(once())
    await judged(trial, "churn", once, scale=0.1)


@check(
    "core/no-reference-is-lost",
    Level.MUST,
    "on a debug build of Python, the total count of references stays",
    why="A reference that is lost to an object that lives anyway, such as None, shows nowhere else.",
    source="https://docs.python.org/3/library/sys.html#sys.gettotalrefcount",
    measures=True,
    limit=30.0,
)
async def no_reference_is_lost(trial: Trial) -> None:
    count = getattr(sys, "gettotalrefcount", None)
    if count is None:
        reason = "this Python is no debug build, so it has no total count of references"
        raise Inapplicable(reason)
    adapter = trial.adapter

    async def block(operations: int) -> None:
        for _ in range(operations // AT_ONCE):
            await asyncio.gather(*(adapter.quick() for _ in range(AT_ONCE)))
        await asyncio.sleep(0.01)

    operations = trial.count(500, 2000, 100_000)
    await block(operations)
    readings = []
    for _ in range(5):
        await block(operations)
        readings.append(count())
    growth = min(readings[-2:]) - min(readings[:2])
    trial.note("references per 1,000", round(growth / (3 * operations / 1000)))
    assert growth < operations, f"{growth} references were lost by {3 * operations} answers"
