"""Does it work on uvloop as it does on asyncio's own loop?"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import time
from typing import TYPE_CHECKING, Any

from pytest_pyo3_bridge.catalogue import Level, check
from pytest_pyo3_bridge.facts import BARE, HANGS, WORKS, complaint, outcome, tell, tell_and_end, told
from pytest_pyo3_bridge.patience import patient
from pytest_pyo3_bridge.trial import Inapplicable, within

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_pyo3_bridge.trial import Trial

SOURCE = "https://docs.rs/pyo3-async-runtimes/latest/pyo3_async_runtimes/#non-standard-python-event-loops"
WAVE = 200


def works_on_uvloop(make: Callable[[], Any], waves: int) -> None:
    async def quick(adapter: Any) -> None:
        await adapter.quick()

    async def main() -> None:
        adapter = make()
        found = WORKS
        for _ in range(waves):
            found = await outcome(lambda: asyncio.gather(*(quick(adapter) for _ in range(WAVE))))
            if found != WORKS:
                break
        tell(loop=type(asyncio.get_running_loop()).__module__, answers=found)
        tell(error=await outcome(adapter.fail), cancellation=await _cancelled(adapter))
        tell_and_end(after=await outcome(adapter.quick))

    _new_loop().run_until_complete(main())


async def _cancelled(adapter: Any) -> str:
    work = asyncio.ensure_future(adapter.slow(10))
    await asyncio.sleep(0.05)
    started = time.monotonic()
    work.cancel()
    done, _ = await asyncio.wait({work}, timeout=patient(5.0))
    if not done:
        return HANGS
    return f"cancelled {work.cancelled()}, after {time.monotonic() - started:.1f} s"


def _new_loop() -> Any:
    return importlib.import_module("uvloop").new_event_loop()


def _needs_uvloop() -> None:
    if importlib.util.find_spec("uvloop") is None:
        reason = "uvloop is not installed"
        raise Inapplicable(reason)


@check(
    "core/uvloop",
    Level.MUST,
    "answers, errors and cancellations come on uvloop as on asyncio's own loop",
    why="Web servers run on it, and its queue, its futures and its wake-up are its own.",
    source=SOURCE,
    limit=60.0,
)
async def on_uvloop(trial: Trial) -> None:
    _needs_uvloop()
    waves = trial.count(5, 20, 2000)
    ended = await trial.programs.run(works_on_uvloop, waves, seconds=trial.count(20, 40, 900))
    facts = told(ended)
    assert facts["loop"].startswith("uvloop"), f"the loop is of {facts['loop']}"
    assert facts["answers"] == WORKS, f"{WAVE} answers at once on uvloop: {facts['answers']}"
    failed = facts["error"]
    is_error = failed not in {WORKS, HANGS} and not failed.startswith(BARE)
    assert is_error, f"a call that fails, on uvloop: {failed}"
    assert facts["cancellation"].startswith("cancelled True"), f"a cancellation on uvloop: {facts['cancellation']}"
    assert facts["after"] == WORKS, f"a call after a cancellation on uvloop: {facts['after']}"
    assert not complaint(ended), f"the program said: {ended.tail()}"


def leaves_uvloop(make: Callable[[], Any]) -> None:
    async def main() -> None:
        adapter = make()
        await within(adapter.quick())
        left = [asyncio.ensure_future(adapter.slow(turn * 0.005)) for turn in range(20)]
        await asyncio.sleep(0.02)
        for one in left:
            one.cancel()
        await asyncio.wait(left)
        # `asyncio.run` ends the tasks that are left, such as those of a pool, and this program has to do so as well.
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    loop = _new_loop()
    loop.run_until_complete(main())
    loop.close()


@check(
    "core/exit-on-uvloop",
    Level.MUST,
    "a program that leaves uvloop with work on the other side exits with status 0",
    why="Work that ends later wakes a loop that is gone, which for a loop in C is memory that is gone.",
    source=SOURCE,
    limit=60.0,
)
async def exit_on_uvloop(trial: Trial) -> None:
    _needs_uvloop()
    for _ in range(trial.count(2, 8, 100)):
        ended = await trial.programs.run(leaves_uvloop)
        ended.sound()
        assert ended.status == 0, f"the program exits with {ended.status}: {ended.tail()}"
