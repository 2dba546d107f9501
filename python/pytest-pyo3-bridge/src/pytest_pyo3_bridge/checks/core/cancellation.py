"""What does a cancelled await leave behind? Nothing: the task ends, the work ends, and the next call is answered."""

from __future__ import annotations

import asyncio
import inspect
import sys
import time
from typing import TYPE_CHECKING, Any

from pytest_pyo3_bridge.catalogue import Level, check
from pytest_pyo3_bridge.patience import patient
from pytest_pyo3_bridge.trial import Inapplicable, too_late, within

if TYPE_CHECKING:
    from pytest_pyo3_bridge.trial import Trial

# Long beside the times below, and short enough that a call which cannot be cancelled ends by itself.
LONG = 6.0
# A cancelled task ends in a turn or two of the loop.
PROMPT = 2.0
SOURCE = "awestlake87/pyo3-asyncio#47"


async def cancelled(work: asyncio.Future[Any]) -> None:
    """Cancel, and hold the future to its end as cancelled."""
    work.cancel()
    done, _ = await asyncio.wait({work}, timeout=patient(PROMPT))
    if not done:
        await too_late(f"a cancelled task did not end within {patient(PROMPT):g} s")
    assert work.cancelled(), f"a cancelled task ended with {work.exception() or work.result()!r}"


async def answers(trial: Trial, count: int = 20) -> None:
    """Check that the adapter answers as before."""
    await within(asyncio.gather(*(trial.adapter.quick() for _ in range(count))))


@check(
    "core/cancel-before-start",
    Level.MUST,
    "a task that is cancelled before its first step leaves nothing",
    why="A task group cancels tasks that never ran.",
    source=SOURCE,
)
async def cancel_before_start(trial: Trial) -> None:
    work = asyncio.ensure_future(trial.adapter.slow(LONG))
    await cancelled(work)
    await answers(trial)


@check(
    "core/cancel-during",
    Level.MUST,
    "a task that is cancelled while Rust works ends at once, and the next call is answered",
    why="A time limit that does not end the await is none.",
    source=SOURCE,
)
async def cancel_during(trial: Trial) -> None:
    await answers(trial, 1)
    for _ in range(3):
        work = asyncio.ensure_future(trial.adapter.slow(LONG))
        await asyncio.sleep(0.05)
        assert not work.done(), f"{LONG:g} s of work ended within 0.05 s"
        await cancelled(work)
        await answers(trial)


@check(
    "core/cancel-after",
    Level.MUST,
    "a cancellation that comes after the answer changes nothing",
    why="The answer and the cancellation race in every program with time limits.",
    source=SOURCE,
)
async def cancel_after(trial: Trial) -> None:
    work = asyncio.ensure_future(trial.adapter.quick())
    first = await within(asyncio.shield(work))
    assert not work.cancel(), "an awaitable that has ended could be cancelled"
    assert work.result() == first
    await answers(trial)


@check(
    "core/cancel-storm",
    Level.MUST,
    "after thousands of cancellations at any moment, as much can be asked as before",
    why="A permit that is lost with each cancellation stops a service within hours.",
    source="djc/bb8#67",
)
async def cancel_storm(trial: Trial) -> None:
    adapter = trial.adapter
    await answers(trial, 1)
    for _ in range(trial.count(10, 40, 2000)):
        asked = [adapter.slow(trial.chance.uniform(0, 0.01)) if number % 2 else adapter.quick() for number in range(50)]
        work = [asyncio.ensure_future(awaitable) for awaitable in asked]
        await asyncio.sleep(trial.chance.uniform(0, 0.01))
        for one in work:
            one.cancel()
        _, late = await asyncio.wait(work, timeout=patient(PROMPT))
        if late:
            await too_late(f"{len(late)} of {len(work)} cancelled tasks did not end within {patient(PROMPT):g} s")
    began = time.perf_counter()
    await within(asyncio.gather(*(adapter.slow(0.2) for _ in range(8))))
    trial.note("8 times 0.2 s at once after the storm, s", round(time.perf_counter() - began, 2))
    await answers(trial)


@check(
    "core/cancel-stops-work",
    Level.MUST,
    "a cancelled await stops the work on the other side",
    why="Work that goes on for nobody holds connections, locks and memory.",
    source=SOURCE,
    needs=("observe_cancel",),
)
async def cancel_stops_work(trial: Trial) -> None:
    adapter = trial.adapter
    await answers(trial, 1)
    work = [asyncio.ensure_future(adapter.slow(5 * LONG)) for _ in range(3)]
    await asyncio.sleep(0.3)
    assert not await _stopped(adapter), "the adapter says that nothing is at work, while three calls are"
    for one in work:
        await cancelled(one)
    began = time.perf_counter()
    while not await _stopped(adapter):
        assert time.perf_counter() - began < patient(5.0), (
            f"{patient(5):g} s after its cancellation the work still goes on"
        )
        await asyncio.sleep(0.02)
    trial.note("seconds until the work had stopped", round(time.perf_counter() - began, 2))


async def _stopped(adapter: Any) -> bool:
    told = adapter.observe_cancel()
    return bool(await within(told) if inspect.isawaitable(told) else told)


@check(
    "core/wait-for",
    Level.MUST,
    "asyncio.wait_for ends an await in time, with TimeoutError",
    why="Most programs cancel by wait_for and know of nothing else.",
    source=SOURCE,
)
async def wait_for(trial: Trial) -> None:
    began = time.perf_counter()
    try:
        await asyncio.wait_for(trial.adapter.slow(LONG), 0.2)
    except asyncio.TimeoutError:
        seconds = time.perf_counter() - began
    else:
        message = f"{LONG:g} s of work ended within 0.2 s"
        raise AssertionError(message)
    assert seconds < patient(PROMPT), f"a limit of 0.2 s ended the await after {seconds:.1f} s"
    await answers(trial)


@check(
    "core/task-group",
    Level.MUST,
    "a task group ends its other tasks when one fails",
    why="Structured concurrency stands on cancellations that arrive.",
    source=SOURCE,
)
async def task_group(trial: Trial) -> None:
    if sys.version_info < (3, 11):
        reason = "Python has task groups from 3.11 on"
        raise Inapplicable(reason)
    adapter = trial.adapter

    async def group() -> None:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(3):
                tasks.create_task(_awaiting(adapter.slow(LONG)))
            tasks.create_task(_awaiting(adapter.fail()))

    try:
        await within(group(), PROMPT)
    except AssertionError:
        raise
    except Exception as group_of:  # noqa: BLE001 (Pythons without task groups have no name for it)
        found = [type(error).__name__ for error in getattr(group_of, "exceptions", [group_of])]
        assert len(found) == 1, f"one task failed, and the group tells of {found}"
    else:
        message = "a task of the group failed, and the group did not"
        raise AssertionError(message)
    await answers(trial)


async def _awaiting(awaitable: Any) -> Any:
    return await awaitable
