"""On which loop do the benchmarks of synchronous tests run? On one, made at its first use and kept for the session.

A fresh loop per benchmark would time connections and threads that belong to its start. `asyncio.Runner` does the same
from Python 3.11 on; this class does it on Python 3.9 as well.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_pyo3_bridge.benchmark.operation import LEAVE_SECONDS, asyncio_runs

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

Result = TypeVar("Result")


class KeptLoop:
    """A loop that is made once, runs coroutines one after the other, and is closed at the end.

    Args:
        new_loop: Makes the loop, at the first `run`; `uvloop.new_event_loop`, for instance.
    """

    def __init__(self, new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop) -> None:
        self._new_loop = new_loop
        self._loop: asyncio.AbstractEventLoop | None = None

    def run(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        """Run a coroutine to its end. Tasks that it leaves behind stay, and go on in the next run.

        Args:
            coroutine: What is run; opening a pool for the benchmarks of a module, for instance.

        Returns:
            What the coroutine returns.

        Raises:
            RuntimeError: A loop runs in this thread already.
            BaseException: Whatever the coroutine raises. A KeyboardInterrupt cancels the coroutine first.
        """
        if asyncio_runs():
            coroutine.close()
            message = (
                "a loop runs here already, and a second one cannot\nhint: await in this test, or make it a plain `def`"
            )
            raise RuntimeError(message)
        if self._loop is None:
            self._loop = self._new_loop()
        task = self._loop.create_task(coroutine)
        try:
            return self._loop.run_until_complete(task)
        except BaseException:
            _end(self._loop, {task})
            raise

    def close(self) -> None:
        """Cancel what is left on the loop, as `asyncio.run` does, and close it."""
        loop, self._loop = self._loop, None
        if loop is None:
            return
        try:
            _end(loop, asyncio.all_tasks(loop))
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
        finally:
            loop.close()


def _end(loop: asyncio.AbstractEventLoop, tasks: set[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.wait(tasks, timeout=LEAVE_SECONDS))
    for task in tasks:
        if task.done() and not task.cancelled():
            # Asked for, so that asyncio does not log it as forgotten.
            task.exception()
