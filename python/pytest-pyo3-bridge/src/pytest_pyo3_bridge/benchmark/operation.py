"""What is one operation of a benchmark? A callable in, one awaited result or `concurrency` results at once out.

One awaitable at a time is awaited in place, without a task around it, so that nothing but the awaitable is timed.
"""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

# How long awaitables that were cancelled may take to end before the error is raised without them, in seconds.
LEAVE_SECONDS = 5.0
HINT = (
    "hint: give a function without arguments that returns an awaitable, such as `lambda: pool.fetch('select 1')`; "
    "plain functions are timed by pytest-benchmark"
)


class Operation:
    """One side of a benchmark: what is awaited, and how many at once.

    Args:
        side: `candidate` or `control`, for messages.
        function: A callable without arguments that returns an awaitable; a new one for each call.
        concurrency: How many awaitables one operation gathers.

    Raises:
        TypeError: `function` cannot be called.
    """

    def __init__(self, side: str, function: Callable[[], Awaitable[Any]], concurrency: int = 1) -> None:
        if not callable(function):
            message = f"the {side} is {_kind(function)} and cannot be called\n{HINT}"
            _close(function)
            raise TypeError(message)
        self.side = side
        self.function = function
        self.concurrency = concurrency

    async def probe(self) -> None:
        """Run one operation, and look at what the callable returns, which the timed blocks do not.

        Raises:
            TypeError: The callable returned no awaitable.
            RuntimeError: Several awaitables are asked for at once, and no asyncio loop runs.
        """
        if self.concurrency > 1 and not asyncio_runs():
            message = (
                f"concurrency={self.concurrency} gathers awaitables with asyncio, and no asyncio loop runs here\n"
                "hint: on another backend, gather inside the callable and leave concurrency at 1"
            )
            raise RuntimeError(message)
        first = self.function()
        if not inspect.isawaitable(first):
            message = f"the {self.side} returned {_kind(first)}, which cannot be awaited\n{HINT}"
            raise TypeError(message)
        await first
        if self.concurrency > 1:
            await together(self.function, self.concurrency)

    async def repeat(self, times: int) -> None:
        """Run the operation `times` times, one after the other."""
        function = self.function
        if self.concurrency == 1:
            for _ in range(times):
                await function()
        else:
            for _ in range(times):
                await together(function, self.concurrency)


async def together(function: Callable[[], Awaitable[Any]], count: int) -> None:
    """Await `count` awaitables at once. The first error cancels the others and is raised once they have ended."""
    futures: list[asyncio.Future[Any]] = []
    try:
        for _ in range(count):
            futures.append(asyncio.ensure_future(function()))  # noqa: PERF401  a call that raises must leave the others known
        await asyncio.gather(*futures)
    except BaseException:
        await _leave(futures)
        raise


def asyncio_runs() -> bool:
    """Whether an asyncio loop runs in this thread; trio's own does not count."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def _leave(futures: list[asyncio.Future[Any]]) -> None:
    for future in futures:
        future.cancel()
    if not futures:
        return
    ended, _ = await asyncio.wait(futures, timeout=LEAVE_SECONDS)
    for future in ended:
        if not future.cancelled():
            # Asked for, so that asyncio does not log it as forgotten: the error that counts is raised by the caller.
            future.exception()


def _kind(value: object) -> str:
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _close(function: object) -> None:
    # A coroutine in the place of its function: closed, so that no warning about it hides the message.
    if inspect.iscoroutine(function):
        function.close()
