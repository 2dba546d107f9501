"""What if Python code runs where Rust does not expect it: a finaliser, a weak reference's callback, a called function?

Dropping an object, making one and calling one all run Python code, which may call the extension again.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import threading
import weakref
from typing import TYPE_CHECKING, Any

from pytest_pyo3_bridge.catalogue import Level, check
from pytest_pyo3_bridge.facts import WORKS, complaint, outcome, shown, tell, tell_and_end, told
from pytest_pyo3_bridge.trial import within

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_pyo3_bridge.trial import Trial

SOURCE = "PyO3/pyo3#4771"
# How long a finaliser waits for an answer.
WAIT = 1.0


class Caller:
    """Calls the adapter from wherever it is told to, and collects the answers.

    Args:
        adapter: what to ask; on the loop that runs where this is made.
    """

    def __init__(self, adapter: Any) -> None:
        self.adapter = adapter
        self.loop = asyncio.get_running_loop()
        self.home = threading.get_ident()
        self.asked: list[Any] = []
        self.wrong: list[str] = []
        self.calls = 0

    def __call__(self, *_: object) -> None:
        """Ask at once on the loop's own thread; from another, have the loop ask."""
        self.calls += 1
        if threading.get_ident() == self.home:
            self._ask()
        else:
            self.loop.call_soon_threadsafe(self._ask)

    def _ask(self) -> None:
        try:
            self.asked.append(asyncio.ensure_future(self.adapter.quick()))
        except BaseException as error:  # noqa: BLE001 (the check judges it)
            self.wrong.append(shown(error))

    async def answered(self) -> None:
        """Await everything that was asked."""
        while self.asked:
            asked, self.asked = self.asked, []
            for found in await within(asyncio.gather(*asked, return_exceptions=True)):
                if isinstance(found, BaseException):
                    self.wrong.append(shown(found))


class Garbage:
    """A circle that only the collector finds, or with ``circle=False`` an object that goes with its last reference.

    Args:
        call: what its finaliser calls, and what the callback of a weak reference to it calls.
        circle: whether only the collector finds it.
    """

    watched: list[Any] = []  # noqa: RUF012 (weak references must outlive what they watch)

    def __init__(self, call: Callable[..., None], *, circle: bool = True) -> None:
        self.call = call
        if circle:
            self.itself = self
            Garbage.watched.append(weakref.ref(self, call))

    def __del__(self) -> None:
        """Call."""
        self.call()


def collects_while_it_answers(make: Callable[[], Any], waves: int) -> None:
    async def main() -> None:
        adapter = make()
        await within(adapter.quick())
        caller = Caller(adapter)
        # What is there already need not be looked through each time.
        gc.collect()
        gc.freeze()
        gc.set_threshold(1, 1, 1)
        for wave in range(waves):
            await within(asyncio.gather(*(_busy(adapter, caller, wave + place) for place in range(20))))
            Garbage.watched.clear()
        gc.set_threshold(700, 10, 10)
        gc.collect()
        await caller.answered()
        tell_and_end(calls=caller.calls, wrong=caller.wrong[:5], last=await outcome(adapter.quick))

    try:
        asyncio.run(main())
    except BaseException as error:  # noqa: BLE001 (the check judges it)
        tell_and_end(calls=0, wrong=[shown(error)], last=WORKS)


def _hold(*_: object) -> None:
    """Do nothing; what it was given is held as long as it is."""


async def _busy(adapter: Any, caller: Caller, turn: int) -> None:
    """Make garbage, and make calls that bring objects through Rust or leave them there."""
    Garbage(caller)
    await adapter.quick()
    if getattr(adapter, "rows", None) and turn % 4 == 0:
        await adapter.rows(50)
    work = asyncio.ensure_future(adapter.slow(0.01))
    # The answer that is cancelled is dropped on the other side; so is the callback, with what it holds.
    work.add_done_callback(functools.partial(_hold, Garbage(caller, circle=False)))
    await asyncio.sleep(0)
    if turn % 2:
        work.cancel()
    await asyncio.wait({work})


@check(
    "core/finaliser-calls-back",
    Level.MUST,
    "finalisers and weak references that call the extension again while it answers neither deadlock nor crash it",
    why="A lock or a borrow that is held while an object is dropped is taken twice by the same thread.",
    source=SOURCE,
    limit=60.0,
)
async def finaliser_calls_back(trial: Trial) -> None:
    ended = await trial.programs.run(
        collects_while_it_answers, trial.count(10, 30, 1000), seconds=trial.count(30, 60, 900)
    )
    facts = told(ended)
    trial.note("calls from finalisers", facts["calls"])
    assert not facts["wrong"], f"calls from finalisers failed: {'; '.join(facts['wrong'])}"
    assert facts["last"] == WORKS, f"after the finalisers, a call: {facts['last']}"
    assert "Exception ignored" not in ended.err, f"the program said: {complaint(ended)[-1500:]}"


class Waiter:
    """A loop in a thread of its own, on which another thread waits for answers."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self.loop = asyncio.new_event_loop()
        self.waits = self.late = 0
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.adapter = self._run(self._made(make), 10.0)

    async def _made(self, make: Callable[[], Any]) -> Any:
        adapter = make()
        await within(adapter.quick())
        return adapter

    def _run(self, work: Any, seconds: float) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(seconds)

    async def _ask(self) -> None:
        await self.adapter.quick()

    def __call__(self, *_: object) -> None:
        """Wait for an answer, in whatever thread and state this was called, but not for ever."""
        self.waits += 1
        try:
            self._run(self._ask(), WAIT)
        except Exception:  # noqa: BLE001 (it is counted)
            self.late += 1


def waits_while_rows_are_made(make: Callable[[], Any], waves: int) -> None:
    async def main() -> None:
        waiter = Waiter(make)
        adapter = make()
        await within(adapter.rows(10))
        gc.collect()
        gc.freeze()
        gc.set_threshold(1, 1, 1)
        for _ in range(waves):
            work = [asyncio.ensure_future(adapter.rows(200)) for _ in range(4)]
            # One waits as soon as the collector runs by itself, one now.
            Garbage(waiter)
            await asyncio.sleep(0)
            Garbage(waiter)
            gc.collect()
            # Patience for waits that end only by their own deadline.
            await within(asyncio.wait(work), 20.0)
            for one in work:
                one.result()
        gc.set_threshold(700, 10, 10)
        tell(waits=waiter.waits, late=waiter.late)
        tell_and_end(last=await outcome(lambda: adapter.rows(3)))

    asyncio.run(main())


@check(
    "core/finaliser-waits-while-rows-are-made",
    Level.MUST,
    "a finaliser that waits for another loop's answer while rows are made ends, and so do the rows",
    why="Rows that are made under a lock which the other loop needs wait for it, and it for them.",
    source="PyO3/pyo3#4764",
    needs=("rows",),
    limit=60.0,
)
async def finaliser_waits_while_rows_are_made(trial: Trial) -> None:
    waves = trial.count(5, 20, 500)
    facts = told(await trial.programs.run(waits_while_rows_are_made, waves, seconds=trial.count(40, 90, 900)))
    trial.note("finalisers that waited", facts["waits"])
    trial.note("of them without an answer in time", facts["late"])
    assert facts["last"] == WORKS, f"rows after the finalisers: {facts['last']}"


def is_called_and_calls(make: Callable[[], Any], times: int) -> None:
    async def main() -> None:
        adapter = make()
        await within(adapter.quick())
        caller = Caller(adapter)
        waiter = Waiter(make)
        found = []
        for turn in range(times):
            found.append(await outcome(lambda: adapter.call(caller)))
            if turn < 3 and found[-1] == WORKS:
                found.append(await outcome(lambda: adapter.call(waiter)))
        await caller.answered()
        wrong = caller.wrong + [one for one in found if one != WORKS]
        tell_and_end(wrong=wrong[:5], waits=waiter.waits, late=waiter.late)

    asyncio.run(main())


@check(
    "core/called-function-calls-back",
    Level.MUST,
    "a function that Rust calls may call the extension again",
    why="A lock that is held while Python code runs is taken twice by the same thread.",
    source=SOURCE,
    needs=("call",),
    limit=60.0,
)
async def called_function_calls_back(trial: Trial) -> None:
    facts = told(
        await trial.programs.run(is_called_and_calls, trial.count(20, 100, 5000), seconds=trial.count(40, 60, 600))
    )
    trial.note("called functions that waited", facts["waits"])
    trial.note("of them without an answer in time", facts["late"])
    assert not facts["wrong"], f"a function that Rust calls, and that calls back: {'; '.join(facts['wrong'])}"
