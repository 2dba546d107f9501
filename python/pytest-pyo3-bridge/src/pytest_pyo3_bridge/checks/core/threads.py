"""Do loops in several threads get their own answers, each and at once?"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

from pytest_pyo3_bridge.catalogue import Level, check
from pytest_pyo3_bridge.facts import HANGS, WORKS, outcome, shown, tell_and_end, told
from pytest_pyo3_bridge.trial import within

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_pyo3_bridge.trial import Trial

THREADS = 8
# So many calls each thread makes between two barriers.
CALLS = 10


def works_in_a_thread(make: Callable[[], Any]) -> None:
    async def main() -> None:
        adapter = make()
        for _ in range(20):
            await within(adapter.quick())
        failed = await outcome(adapter.fail)
        found.append(WORKS if failed not in {WORKS, HANGS} else f"an error there: {failed}")

    def work() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:  # noqa: BLE001 (the check judges it)
            found.append(shown(error))

    found: list[str] = []
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(15)
    tell_and_end(found=found or [HANGS])


@check(
    "core/loop-in-a-thread",
    Level.MUST,
    "it works on a loop that is not in the main thread, also where no loop ran before",
    why="Test clients, notebooks and synchronous fronts run their loop in a thread.",
    source="https://docs.rs/pyo3-async-runtimes/latest/pyo3_async_runtimes/#event-loop-references-and-contextvars",
    limit=60.0,
)
async def loop_in_a_thread(trial: Trial) -> None:
    facts = told(await trial.programs.run(works_in_a_thread))
    assert facts["found"] == [WORKS], f"a loop in a thread: {'; '.join(facts['found'])}"


class Callers:
    """Threads that make the same call at the same moment, again and again.

    Args:
        adapter: gives each thread an adapter, the same for all where one can serve several loops.
        rounds: how often.
    """

    def __init__(self, adapter: Callable[[], Any], rounds: int) -> None:
        self.adapter = adapter
        self.rounds = rounds
        self.together = threading.Barrier(THREADS, timeout=20)
        self.wrong: list[str] = []

    def run(self) -> None:
        """Run the threads to their end."""
        threads = [threading.Thread(target=self._work, args=(place,), daemon=True) for place in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        if any(thread.is_alive() for thread in threads):
            self.wrong.append(HANGS)

    def _work(self, place: int) -> None:
        try:
            asyncio.run(self._main(place))
        except threading.BrokenBarrierError:
            pass
        except BaseException as error:  # noqa: BLE001 (the check judges it)
            self.wrong.append(shown(error))
        finally:
            self.together.abort()

    async def _main(self, place: int) -> None:
        adapter = self.adapter()
        for turn in range(self.rounds):
            self.together.wait()
            tags = [(place * self.rounds + turn) * CALLS + number for number in range(CALLS)]
            answers = await within(asyncio.gather(*(_answer(adapter, tag) for tag in tags)))
            self.wrong += [f"{tag} got {answer!r}" for tag, answer in zip(tags, answers) if tag != answer]
        self.together.wait()


async def _answer(adapter: Any, tag: int) -> Any:
    """Return the tag, brought through Rust where the adapter can."""
    if getattr(adapter, "echo", None):
        return await adapter.echo(tag)
    await adapter.quick()
    return tag


def calls_from_threads(make: Callable[[], Any], rounds: int) -> None:
    kept: list[Any] = []

    async def first() -> None:
        kept.append(make())
        await within(kept[0].quick())

    async def second() -> str:
        return await outcome(kept[0].quick)

    asyncio.run(first())
    shares = asyncio.run(second()) == WORKS
    callers = Callers((lambda: kept[0]) if shares else make, rounds)
    callers.run()
    tell_and_end(wrong=callers.wrong[:5], count=len(callers.wrong), shares=shares)


@check(
    "core/same-call-from-many-threads",
    Level.MUST,
    "threads with a loop each that make the same call at the same moment get their own answers",
    why="Without the GIL nothing else keeps two threads out of the same state of the extension.",
    source="PyO3/pyo3#4265",
    limit=60.0,
)
async def same_call_from_many_threads(trial: Trial) -> None:
    rounds = trial.count(50, 200, 20_000)
    facts = told(await trial.programs.run(calls_from_threads, rounds, seconds=trial.count(40, 90, 3600)))
    trial.note("one adapter for all threads", facts["shares"])
    calls = THREADS * rounds * CALLS
    assert not facts["count"], f"{facts['count']} of {calls} calls from {THREADS} threads: {'; '.join(facts['wrong'])}"
