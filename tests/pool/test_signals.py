"""What if a signal arrives while results become Python objects? Its handler raises, and no result is lost.

CPython runs a signal's handler between two bytecodes of the main thread. The pool resolves futures there, and the
bytecodes are those of the loop's ``call_soon``, so the handler's exception ends the resolving of one result midway.
"""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import textwrap
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from fraiseql import PrototypePool
from loop_choice import CHOOSE_LOOP, LOOP
from pool_server import DEADLINE, SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterator

# 3.9 has neither on Windows.
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT to a process alone")

Base: Any = asyncio.SelectorEventLoop
if LOOP == "uvloop":
    import uvloop

    Base = uvloop.Loop


class Interrupted(Exception):  # noqa: N818
    """What a program's own handler raises, as for a time limit."""


class InterruptedLoop(Base):  # type: ignore[misc]
    """A loop to which a signal comes when the pool resolves a future, before or after the waiter is in the queue."""

    moment = ""
    countdown = 0

    def call_soon(self, callback: Any, *args: Any, context: Any = None) -> Any:
        is_due = self._is_due(args)
        if is_due and self.moment == "before":
            signal.raise_signal(signal.SIGUSR1)
        handle = super().call_soon(callback, *args, context=context)
        if is_due and self.moment == "after":
            signal.raise_signal(signal.SIGUSR1)
        return handle

    def _is_due(self, args: Any) -> bool:
        """Whether this is a callback of a future of the pool, and its turn has come."""
        if not self.moment or len(args) != 1 or not asyncio.isfuture(args[0]) or isinstance(args[0], asyncio.Task):
            return False
        self.countdown -= 1
        return self.countdown == 0


@contextmanager
def handler(raised: BaseException) -> Iterator[None]:
    """Let SIGUSR1 raise ``raised``."""

    def handle(*_: Any) -> None:
        raise raised

    before = signal.signal(signal.SIGUSR1, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGUSR1, before)


async def ask(pool: PrototypePool, count: int) -> list[int]:
    async def one(number: int) -> int:
        found: int = await pool.fetchval("select $1::int", number)
        return found

    return list(await asyncio.gather(*(one(number) for number in range(count))))


async def closed(pool: PrototypePool) -> None:
    await pool.close()


# uvloop's queue cannot be seen from Python; its own `call_soon` runs no bytecode, so a handler raises before it.
MOMENTS = ("before",) if LOOP == "uvloop" else ("before", "after")


@pytest.mark.parametrize("raised", [KeyboardInterrupt, Interrupted])
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_signal_between_a_result_and_its_waiter_loses_neither(moment: str, raised: type[BaseException]) -> None:
    pool = PrototypePool(**SETTINGS)
    loop = InterruptedLoop()
    heard: list[Any] = []
    loop.set_exception_handler(lambda _, context: heard.append(context.get("exception")))

    def end(work: asyncio.Task[list[int]]) -> None:
        """Run the loop until the work or the deadline ends it."""
        deadline = loop.call_later(DEADLINE, loop.stop)
        try:
            loop.run_until_complete(work)
        finally:
            deadline.cancel()

    try:
        end(loop.create_task(ask(pool, 4)))
        for position in range(1, 9):
            work = loop.create_task(ask(pool, 8))
            loop.countdown, loop.moment = position, moment
            with handler(raised()):
                try:
                    end(work)
                except raised as error:
                    heard.append(error)
            loop.moment = ""
            end(work)
            assert work.result() == list(range(8))
            assert [type(error) for error in heard] == [raised]
            heard.clear()
        loop.run_until_complete(closed(pool))
    finally:
        loop.close()


# One SIGINT amid 100 queries, as Ctrl-C sends it. The program says what it has seen, and ends by itself.
STORM = f"""
import asyncio, json, os, random, signal, sys, threading, time
from fraiseql import PrototypePool
{CHOOSE_LOOP}
chance = random.Random(int(sys.argv[1]))

async def work(pool):
    while True:
        assert await pool.fetchval("select 1") == 1

async def main():
    pool = PrototypePool(**json.loads(sys.argv[2]))
    await pool.fetchval("select 1")
    pause = chance.uniform(0.02, 0.08)
    threading.Thread(target=lambda: (time.sleep(pause), os.kill(os.getpid(), signal.SIGINT))).start()
    await asyncio.gather(*(work(pool) for _ in range(100)))

def by_hand():
    loop = asyncio.new_event_loop()
    tasks = loop.create_task(main())
    try:
        loop.run_until_complete(tasks)
    except KeyboardInterrupt:
        # The loop goes on: a result that was lost would leave its task waiting for ever.
        for task in asyncio.all_tasks(loop):
            task.cancel()
        left = asyncio.all_tasks(loop)
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.close()
        raise
{{start}}
"""
STARTS = {"run_until_complete": "by_hand()", "run": "asyncio.run(main())"}


def interrupt(start: str, seed: int) -> tuple[int, str]:
    """Run the program. Return its exit status and the last line of its stderr."""
    program = textwrap.dedent(STORM).replace("{start}", STARTS[start])
    command = [sys.executable, "-c", program, str(seed), json.dumps({**SETTINGS, "max_connections": 10})]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, check=False)  # noqa: S603
    assert "Exception ignored" not in ended.stderr, ended.stderr
    return ended.returncode, (ended.stderr.splitlines() or [""])[-1]


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("count", [10, pytest.param(250, marks=pytest.mark.slow)])
def test_ctrl_c_under_load_ends_the_program(start: str, count: int) -> None:
    for seed in range(count):
        status, last = interrupt(start, seed)
        assert (status, last) in {(1, "KeyboardInterrupt"), (-signal.SIGINT, "KeyboardInterrupt")}, seed
