"""Does it work with every loop: with the second, with two at once, with one that was closed, and without one?"""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from typing import TYPE_CHECKING, Any

from pytest_pyo3_bridge.catalogue import Level, check
from pytest_pyo3_bridge.facts import HANGS, WORKS, ordinary, outcome, shown, tell, tell_and_end, told
from pytest_pyo3_bridge.trial import close, within

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_pyo3_bridge.trial import Trial


def closes_loops(make: Callable[[], Any], count: int) -> None:
    """Close so many loops with work pending, each at another moment."""

    async def main(number: int) -> None:
        adapter = make()
        left = [asyncio.ensure_future(adapter.slow(turn % 4 * 0.01)) for turn in range(5)]
        if number % 2:
            await asyncio.sleep(0.002 * (number % 5))
        del left, adapter

    for number in range(count):
        asyncio.run(main(number))
        gc.collect()
    # What is still at work ends meanwhile, and has no loop any more.
    time.sleep(0.2)


@check(
    "core/loop-closed-with-work-pending",
    Level.MUST,
    "a loop may be closed while work is pending, and nothing crashes",
    why="Work that ends later calls a closed loop from another thread.",
    source="PyO3/pyo3-async-runtimes#90",
    limit=60.0,
)
async def loop_closed_with_work_pending(trial: Trial) -> None:
    ended = await trial.programs.run(closes_loops, trial.count(12, 200, 5000), seconds=trial.count(20, 60, 600))
    told(ended)


def goes_from_loop_to_loop(make: Callable[[], Any]) -> None:
    kept = []

    async def first() -> None:
        kept.append(make())
        await within(kept[0].quick())

    async def second() -> None:
        tell(same=await outcome(kept[0].quick))

    async def third() -> None:
        tell_and_end(fresh=await outcome(make().quick))

    for main in (first, second, third):
        loop = asyncio.new_event_loop()
        loop.run_until_complete(main())
        loop.close()


@check(
    "core/second-loop",
    Level.MUST,
    "after a loop was closed, a new adapter works on the next one, and the old one works or raises a clear error",
    why="What is bound to the first loop leaves each test and each `asyncio.run` after the first one hanging.",
    source="https://docs.rs/pyo3-async-runtimes/latest/pyo3_async_runtimes/#event-loop-references-and-contextvars",
    limit=60.0,
)
async def second_loop(trial: Trial) -> None:
    facts = told(await trial.programs.run(goes_from_loop_to_loop))
    trial.note("the same adapter on a second loop", facts["same"])
    ordinary(facts["same"], "an adapter that another loop has used")
    assert facts["fresh"] == WORKS, f"a new adapter on a second loop: {facts['fresh']}"


def runs_two_loops(make: Callable[[], Any], rounds: int) -> None:
    together = threading.Barrier(2, timeout=10)
    found = [HANGS, HANGS]

    async def main() -> None:
        adapter = make()
        await within(adapter.quick())
        together.wait()
        for _ in range(rounds):
            await within(asyncio.gather(*(_quick(adapter) for _ in range(20))))
        await close(adapter)

    def work(place: int) -> None:
        try:
            asyncio.run(main())
        except BaseException as error:  # noqa: BLE001 (the check judges it)
            found[place] = shown(error)
            together.abort()
        else:
            found[place] = WORKS

    threads = [threading.Thread(target=work, args=(place,), daemon=True) for place in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(15)
    tell_and_end(found=found)


async def _quick(adapter: Any) -> None:
    await adapter.quick()


@check(
    "core/two-loops-at-once",
    Level.MUST,
    "two loops in two threads work at once",
    why="An answer that is sent to the loop of another thread never reaches its task.",
    source="https://docs.rs/pyo3-async-runtimes/latest/pyo3_async_runtimes/#event-loop-references-and-contextvars",
    limit=60.0,
)
async def two_loops_at_once(trial: Trial) -> None:
    facts = told(await trial.programs.run(runs_two_loops, trial.count(20, 100, 5000), seconds=trial.count(20, 40, 600)))
    assert facts["found"] == [WORKS, WORKS], f"two loops in two threads: {'; '.join(facts['found'])}"


def calls_outside(make: Callable[[], Any]) -> None:
    kept: list[Any] = []

    async def use() -> None:
        kept.append(make())
        await within(kept[0].quick())

    # Twice: nothing was ever asked, then a loop was there and is gone.
    tell(new=_called_outside(lambda: make().quick()))
    asyncio.run(use())
    tell_and_end(used=_called_outside(kept[0].quick))


def _called_outside(ask: Callable[[], Any]) -> str:
    try:
        awaitable = ask()
    except BaseException as error:  # noqa: BLE001 (the check judges it)
        return shown(error)

    async def main() -> str:
        return await outcome(lambda: awaitable)

    return asyncio.run(main())


@check(
    "core/no-running-loop",
    Level.MUST,
    "a call outside of a loop raises an ordinary exception with a text, or its awaitable works in a loop afterwards",
    why="It is the first mistake that a user makes; a panic or a hang tells nothing.",
    source="PyO3/pyo3-async-runtimes#29",
    limit=60.0,
)
async def no_running_loop(trial: Trial) -> None:
    facts = told(await trial.programs.run(calls_outside))
    for when in ("new", "used"):
        trial.note(f"a call without a loop, {when} adapter", facts[when])
        ordinary(facts[when], f"a call without a running loop ({when} adapter)")


def runs_directly(make: Callable[[], Any]) -> None:
    async def made() -> Any:
        return make()

    adapter = asyncio.run(made())
    try:
        asyncio.run(adapter.quick())
    except BaseException as error:  # noqa: BLE001 (it is recorded)
        tell_and_end(found=shown(error))
    tell_and_end(found=WORKS)


@check(
    "core/given-to-asyncio-run",
    Level.INFO,
    "what comes of `asyncio.run(adapter.quick())`",
    why="Only a coroutine can be given to `asyncio.run`; an awaitable that is none needs an `async def` around it.",
    source="PyO3/pyo3-async-runtimes#29",
    limit=60.0,
)
async def given_to_asyncio_run(trial: Trial) -> None:
    found = told(await trial.programs.run(runs_directly))["found"]
    trial.note("given to asyncio.run", found)
