"""Which adapters must the checks find fault with? A clean one, then one for each fault, all in pure Python."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import contextvars
import gc
import os
import sys
import threading
import time
from typing import Any

HERE = os.getpid()


def resolve(future: asyncio.Future[None]) -> None:
    """Answer, unless the caller is gone."""
    if not future.done():
        future.set_result(None)


class Clean:
    """Does everything as an extension should."""

    def quick(self) -> Any:
        return asyncio.sleep(0)

    def slow(self, seconds: float) -> Any:
        return asyncio.sleep(seconds)

    async def fail(self) -> None:
        message = "no"
        raise ValueError(message)

    async def echo(self, value: Any) -> Any:
        return value

    async def rows(self, count: int) -> list[Any]:
        made = []
        for number in range(count):
            made.append([number])
            if number % 50 == 0:
                await asyncio.sleep(0)
        return made

    async def call(self, function: Any) -> Any:
        return function()


class WorksInATask(Clean):
    """Has a task of its own on the loop, as a pool has for its upkeep. There is no fault in that."""

    def __init__(self) -> None:
        self.upkeep: asyncio.Future[None] | None = None

    def quick(self) -> Any:
        if self.upkeep is None:
            self.upkeep = asyncio.ensure_future(asyncio.sleep(60))
        return super().quick()


class SaysThatItIsOpen(Clean):
    """Warns at exit that nobody closed it, and its class says so."""

    unclosed = "was not closed"

    def __init__(self) -> None:
        atexit.register(print, "the session was not closed", file=sys.stderr)


class BelongsToItsLoop(Clean):
    """Says so where another loop than the first asks. There is no fault in that."""

    def __init__(self) -> None:
        self.loop: Any = None

    def quick(self) -> Any:
        loop = asyncio.get_running_loop()
        self.loop = self.loop or loop
        if loop is not self.loop:
            message = "this belongs to another loop"
            raise RuntimeError(message)
        return super().quick()


class PanicException(BaseException):
    """What a panic in Rust is in Python."""


class SwallowsInterrupts(Clean):
    """Goes on whatever comes."""

    async def slow(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with contextlib.suppress(BaseException):
                await asyncio.sleep(0.1)


class SwallowsInterruptsInCompletions(Clean):
    """Resolves a batch of futures in one callback, which tells nobody of what is raised there."""

    def __init__(self) -> None:
        self.batch: list[asyncio.Future[None]] = []

    def quick(self) -> Any:
        loop = asyncio.get_running_loop()
        if not self.batch:
            loop.call_soon(self._resolve)
        self.batch.append(loop.create_future())
        return self.batch[-1]

    def _resolve(self) -> None:
        batch, self.batch = self.batch, []
        with contextlib.suppress(KeyboardInterrupt):
            for future in batch:
                resolve(future)


class CallsClosedLoops(Clean):
    """Sends an answer from a thread to a loop, whether it is closed or not."""

    def slow(self, seconds: float) -> Any:
        loop = asyncio.get_running_loop()
        future = loop.create_future()

        def answer() -> None:
            loop.call_soon_threadsafe(resolve, future)

        timer = threading.Timer(seconds, answer)
        # A program does not wait for it at its end.
        timer.daemon = True
        timer.start()
        return future


class BoundToTheFirstLoop(Clean):
    """Keeps the first loop for ever."""

    loop: Any = None

    def quick(self) -> Any:
        future = asyncio.get_running_loop().create_future()
        cls = BoundToTheFirstLoop
        cls.loop = cls.loop or asyncio.get_running_loop()
        cls.loop.call_soon_threadsafe(resolve, future)
        return future


class LosesWhatIsForAnotherLoop(BoundToTheFirstLoop):
    """Says nothing of the first loop's end either."""

    def quick(self) -> Any:
        try:
            return super().quick()
        except RuntimeError:
            return asyncio.get_running_loop().create_future()


class PanicsWithoutALoop(Clean):
    """Is told of its user's mistake by a panic."""

    async def _quick(self) -> None:
        await asyncio.sleep(0)

    def quick(self) -> Any:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            message = "called `Result::unwrap()` on an `Err` value"
            raise PanicException(message) from None
        return self._quick()


class WorksInTheMainThread(Clean):
    """Takes its loop from the main thread."""

    def quick(self) -> Any:
        if threading.current_thread() is not threading.main_thread():
            message = "There is no current event loop in thread"
            raise RuntimeError(message)
        return super().quick()


class SharesASlot(Clean):
    """Hands an answer over in a place that all threads share, without a lock."""

    slot: Any = None

    async def echo(self, value: Any) -> Any:
        SharesASlot.slot = value
        time.sleep(0.00001)  # noqa: ASYNC251 (lets another thread in)
        return SharesASlot.slot


class ForgetsContexts(Clean):
    """Calls back in no context at all, as a foreign thread would."""

    class Future(asyncio.Future):  # type: ignore[type-arg]
        """Takes no context."""

        def add_done_callback(self, function: Any, *, context: Any = None) -> None:
            del context
            super().add_done_callback(function, context=contextvars.Context())

    def slow(self, seconds: float) -> Any:
        loop = asyncio.get_running_loop()
        future = self.Future(loop=loop)
        loop.call_later(seconds, resolve, future)
        return future

    def quick(self) -> Any:
        return self.slow(0)


class HangsInChildren(Clean):
    """Waits in a child for a thread that stayed with the parent."""

    def quick(self) -> Any:
        return super().quick() if os.getpid() == HERE else asyncio.get_running_loop().create_future()


class CrashesInChildren(Clean):
    """Finds its state half gone in a child."""

    def quick(self) -> Any:
        if os.getpid() != HERE:
            os.abort()
        return super().quick()


class BreaksItsParent(Clean):
    """Gives up its state at a fork, on both sides."""

    broken = False

    def __init__(self) -> None:
        os.register_at_fork(after_in_parent=self._break)

    def _break(self) -> None:
        self.broken = True

    def quick(self) -> Any:
        if self.broken:
            message = "the runtime is gone"
            raise RuntimeError(message)
        return super().quick()


class CrashesAtExit(Clean):
    """Aborts when the interpreter ends."""

    def __init__(self) -> None:
        atexit.register(os.abort)


class LosesTheStatus(Clean):
    """Ends the process by itself."""

    def __init__(self) -> None:
        atexit.register(os._exit, 0)


class PanicsAtExit(Clean):
    """Says something when the interpreter ends."""

    def __init__(self) -> None:
        atexit.register(sys.stderr.write, "thread '<unnamed>' panicked at src/lib.rs:1:1:\nno interpreter\n")


class CrashesInFinalisers(Clean):
    """Stands no call when its loop is gone."""

    async def _quick(self) -> None:
        await asyncio.sleep(0)

    def quick(self) -> Any:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            os.abort()
        return self._quick()


class RemembersShortages(Clean):
    """Makes its pipe and its thread once; what failed then fails for ever."""

    begun: Any = None

    def quick(self) -> Any:
        cls = RemembersShortages
        if cls.begun is None:
            cls.begun = False
            os.pipe()
            thread = threading.Thread(target=int)
            thread.start()
            thread.join()
            cls.begun = True
        if not cls.begun:
            message = "the cell is poisoned"
            raise RuntimeError(message)
        return super().quick()


class PanicsInShortages(RemembersShortages):
    """Unwraps what cannot be had."""

    def quick(self) -> Any:
        try:
            return super().quick()
        except Exception as error:  # noqa: BLE001 (the fault)
            raise PanicException(str(error)) from None


class BorrowsWhilePythonRuns(Clean):
    """Holds a borrow of its state while it drops, makes and calls Python objects."""

    borrowed = 0

    def quick(self) -> Any:
        if BorrowsWhilePythonRuns.borrowed:
            BorrowsWhilePythonRuns.borrowed = 2
            message = "already borrowed"
            raise RuntimeError(message)
        self._run(lambda: [[] for _ in range(5)])
        return super().quick()

    def _run(self, function: Any) -> Any:
        BorrowsWhilePythonRuns.borrowed = 1
        # Whatever its thresholds are, the collector seldom runs by itself on some Pythons.
        gc.collect()
        try:
            return function()
        finally:
            if BorrowsWhilePythonRuns.borrowed == 2:
                self.again = True
            BorrowsWhilePythonRuns.borrowed = 0

    again = False

    async def rows(self, count: int) -> list[Any]:
        made: list[Any] = self._run(lambda: [[number] for number in range(count)])
        if self.again:
            message = "already mutably borrowed"
            raise RuntimeError(message)
        return made

    async def call(self, function: Any) -> Any:
        return self._run(function)


class WorksOnAsyncioOnly(Clean):
    """Looks into what only asyncio's own loop has."""

    def quick(self) -> Any:
        asyncio.get_running_loop()._ready  # type: ignore[attr-defined]  # noqa: B018, SLF001 (the fault)
        return super().quick()


class TurnsTheGilOn(Clean):
    """Is a module that does not declare itself, as far as Python tells."""

    def __init__(self) -> None:
        sys._is_gil_enabled = lambda: True  # type: ignore[attr-defined]  # noqa: SLF001
