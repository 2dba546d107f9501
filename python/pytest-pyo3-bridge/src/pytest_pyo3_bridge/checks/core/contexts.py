"""Does code run in the context that it belongs to: tasks after an await, done callbacks, functions that Rust calls?"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from typing import TYPE_CHECKING, Any

from pytest_pyo3_bridge.catalogue import Level, check
from pytest_pyo3_bridge.trial import within

if TYPE_CHECKING:
    from pytest_pyo3_bridge.trial import Trial

REQUEST: contextvars.ContextVar[int] = contextvars.ContextVar("pyo3_bridge_request", default=-1)
TASKS = 50


@check(
    "core/task-keeps-its-context",
    Level.MUST,
    "after an await, a task sees its own context variables, however many tasks await at once",
    why="A task that goes on in another context writes the wrong request's id, user or transaction.",
    source="awestlake87/pyo3-asyncio#52",
)
async def task_keeps_its_context(trial: Trial) -> None:
    adapter = trial.adapter
    lost: list[str] = []

    async def request(number: int) -> None:
        for turn in range(trial.count(5, 20, 2000)):
            mine = number * 1_000_000 + turn
            REQUEST.set(mine)
            await (adapter.slow(number % 3 * 0.001) if turn % 5 == 4 else adapter.quick())
            found = REQUEST.get()
            if found != mine:
                lost.append(f"task {number} set {mine} and found {found}")
        await _failed(adapter)
        if REQUEST.get() // 1_000_000 != number:
            lost.append(f"task {number} found {REQUEST.get()} after an error")

    await within(asyncio.gather(*(request(number) for number in range(TASKS))), trial.count(10, 30, 1200))
    assert not lost, f"{len(lost)} times a task went on in another context: {'; '.join(lost[:3])}"


async def _failed(adapter: Any) -> None:
    # Another check judges the error.
    with contextlib.suppress(Exception):
        await adapter.fail()


@check(
    "core/done-callback-keeps-its-context",
    Level.SHOULD,
    "a done callback runs in the context that it was added in, or in the one that it was added with",
    why="`add_done_callback` has `context=`; tracing and task groups rely on it.",
    source="https://docs.python.org/3/library/asyncio-future.html#asyncio.Future.add_done_callback",
)
async def done_callback_keeps_its_context(trial: Trial) -> None:
    found: dict[int, int] = {}
    work = []
    for number in range(20):
        future = asyncio.ensure_future(trial.adapter.slow(0.005))
        context = contextvars.copy_context()
        context.run(REQUEST.set, number)

        def done(_: Any, number: int = number) -> None:
            found[number] = REQUEST.get()

        if number % 2:
            future.add_done_callback(done, context=context)
        else:
            context.run(future.add_done_callback, done)
        work.append(future)
    await within(asyncio.gather(*work))
    # A callback may be called in the next turn of the loop.
    await asyncio.sleep(0.01)
    assert len(found) == len(work), f"{len(work) - len(found)} of {len(work)} done callbacks were never called"
    wrong = [f"{number} found {seen}" for number, seen in found.items() if number != seen]
    assert not wrong, f"{len(wrong)} of {len(found)} done callbacks ran in another context: {'; '.join(wrong[:3])}"


@check(
    "core/context-of-a-called-function",
    Level.INFO,
    "whether a function that Rust calls sees the context variables of the caller",
    why="Rust calls it from a thread of its own unless the context is copied at the call.",
    source="awestlake87/pyo3-asyncio#52",
    needs=("call",),
)
async def context_of_a_called_function(trial: Trial) -> None:
    REQUEST.set(7)
    found = await within(trial.adapter.call(REQUEST.get))
    seen = {7: "the caller's", -1: "an empty one"}
    trial.note("context of a called function", seen.get(found, f"another, with {found!r}"))
