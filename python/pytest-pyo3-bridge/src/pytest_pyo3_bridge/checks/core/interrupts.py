"""Does Ctrl-C end the program, while it waits and while it is busy?"""

from __future__ import annotations

import asyncio
import functools
import inspect
import os
import random
import selectors
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_pyo3_bridge.catalogue import Level, check
from pytest_pyo3_bridge.trial import Inapplicable

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_pyo3_bridge.program import Ended
    from pytest_pyo3_bridge.trial import Trial

# The work takes 30 s. A program that hears Ctrl-C ends in a tenth of a second, but other work may share the machine.
AT_ONCE = 8.0
# A program under load ends within a second on a machine of its own; one that lost a wake-up never does.
ENDS = 20.0
TASKS = 100
# How long a program waits for the moment in which the extension resolves an awaitable.
AIMING = 0.4
ASYNCIO = str(Path(asyncio.__file__).parent)


def waits(make: Callable[[], Any]) -> None:
    async def main() -> None:
        adapter = make()
        await adapter.quick()
        work = asyncio.ensure_future(adapter.slow(30))
        await asyncio.sleep(0.1)
        print("ready", flush=True)  # noqa: T201 (the check waits for it)
        await work

    asyncio.run(main())


@check(
    "core/ctrl-c-while-it-waits",
    Level.MUST,
    "Ctrl-C ends a program that waits for Rust at once, by KeyboardInterrupt",
    why="A program that swallows Ctrl-C has to be killed, and cleans up nothing.",
    source="PyO3/pyo3#2576",
    limit=60.0,
)
async def ctrl_c_while_it_waits(trial: Trial) -> None:
    _needs_sigint()
    async with trial.programs.start(waits) as running:
        await running.ready()
        running.signal(signal.SIGINT)
        ended = await running.end(AT_ONCE)
    trial.note("seconds to end", round(ended.seconds, 3))
    _interrupted(ended)


class Interrupt:
    """Interrupts this process as Ctrl-C does, but only where asyncio itself loses nothing.

    asyncio forgets a callback if the exception comes between taking it from the queue and calling it, which is no
    fault of an extension. A timer tries again and again, and the handler lets it pass in such moments. (A thread would
    not do: it gets the GIL where the loop releases it, which is always in the same place.)

    Args:
        aimed: whether to wait, for a while, until the extension resolves an awaitable.
    """

    def __init__(self, *, aimed: bool) -> None:
        self.aimed = aimed
        self.until = 0.0
        self.looks = False

    def send(self, pause: float) -> None:
        """Send it after so many seconds."""
        self.until = time.monotonic() + pause + AIMING
        signal.signal(signal.SIGALRM, self._handle)
        signal.setitimer(signal.ITIMER_REAL, pause, 0.001_3)

    def _handle(self, _: int, frame: Any) -> None:
        # The timer may strike amid this very function.
        if not self.until or self.looks or frame.f_code is Interrupt._handle.__code__:
            return
        self.looks = True
        moment = _moment(frame)
        self.looks = False
        aims = self.aimed and time.monotonic() < self.until
        if moment == "completion" or (moment == "other" and not aims):
            self.until = 0.0
            signal.setitimer(signal.ITIMER_REAL, 0)
            raise KeyboardInterrupt


def _send_once(pause: float) -> None:
    """Send Ctrl-C from a thread. From Python 3.11 on, `asyncio.run` handles it, and loses nothing."""

    def send() -> None:
        time.sleep(pause)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=send, daemon=True).start()


def _moment(frame: Any) -> str:
    """Tell what is at work: ``asyncio`` alone, an extension's ``completion`` that queues a waiter, or ``other``."""
    code = frame.f_code
    if not code.co_filename.startswith((ASYNCIO, selectors.__file__)) or code.co_flags & inspect.CO_COROUTINE:
        return "other"
    outer = frame
    queues = False
    while outer is not None and outer.f_code is not asyncio.Handle._run.__code__:  # noqa: SLF001 (it has no other name)
        queues = queues or outer.f_code.co_name == "call_soon"
        outer = outer.f_back
    if not queues or outer is None:
        return "asyncio"
    callback = outer.f_locals["self"]._callback  # noqa: SLF001 (the same)
    while isinstance(callback, functools.partial):
        callback = callback.func
    owner = getattr(callback, "__self__", None)
    modules = [getattr(callback, "__module__", None) or "", type(callback).__module__, type(owner).__module__]
    return "asyncio" if any(module.split(".")[0] in {"asyncio", "_asyncio"} for module in modules) else "completion"


def works(make: Callable[[], Any], start: str, seed: int, aimed: bool) -> None:  # noqa: FBT001 (a program's order)
    """Interrupt this process by itself, at a moment that the seed decides."""
    pause = random.Random(seed).uniform(0.02, 0.08)
    is_handled = start == "run" and sys.version_info >= (3, 11)
    send = _send_once if is_handled else Interrupt(aimed=aimed).send

    async def work(adapter: Any) -> None:
        while True:
            await adapter.quick()

    async def main() -> None:
        adapter = make()
        await adapter.quick()
        send(pause)
        await asyncio.gather(*(work(adapter) for _ in range(TASKS)))

    if start == "run":
        asyncio.run(main())
    else:
        _by_hand(main())


def _by_hand(main: Any) -> None:
    loop = asyncio.new_event_loop()
    work = loop.create_task(main)
    try:
        loop.run_until_complete(work)
    except KeyboardInterrupt:
        # The loop goes on: an answer that was lost would leave its task waiting for ever.
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.close()
        raise


@check(
    "core/ctrl-c-under-load",
    Level.MUST,
    "Ctrl-C ends a program with a hundred awaitables in flight, whenever it comes",
    why="A signal is raised between two bytecodes, perhaps in a completion: a waiter that it skips waits for ever.",
    source="PyO3/pyo3#2576",
    limit=90.0,
)
async def ctrl_c_under_load(trial: Trial) -> None:
    _needs_sigint()
    for turn in range(trial.count(2, 10, 250)):
        seeds = {start: trial.chance.randrange(1 << 30) for start in ("run", "run_until_complete")}
        ended = await asyncio.gather(
            *(trial.programs.run(works, start, seed, turn % 2 == 0, seconds=ENDS) for start, seed in seeds.items()),
            return_exceptions=True,
        )
        for one in ended:
            if isinstance(one, BaseException):
                raise one
            _interrupted(one)


def _needs_sigint() -> None:
    if sys.platform == "win32":
        reason = "Windows sends no SIGINT to a process alone"
        raise Inapplicable(reason)


def _interrupted(ended: Ended) -> None:
    """Check that the program ended by KeyboardInterrupt, and that nothing else went wrong."""
    if ended.status != -signal.SIGINT:
        ended.sound()
    said = ended.err.strip().splitlines() or [""]
    # After a KeyboardInterrupt that the program does not catch, Python writes a traceback and ends by this signal. What
    # an extension prints at exit comes behind the traceback.
    tracebacks = said if ended.status == -signal.SIGINT else said[-1:]
    by_interrupt = ended.status in {1, -signal.SIGINT} and any(
        line.startswith("KeyboardInterrupt") for line in tracebacks
    )
    assert by_interrupt, f"Ctrl-C ended it otherwise than by KeyboardInterrupt, status {ended.status}: {ended.tail()}"
    for word in ("panicked at", "Exception ignored"):
        assert word not in ended.err, f"after Ctrl-C the program said: {ended.tail()}"
