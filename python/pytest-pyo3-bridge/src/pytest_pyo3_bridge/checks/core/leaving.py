"""Does the interpreter exit with work in flight as if there were none?"""

from __future__ import annotations

import asyncio
import gc
import logging
import random
import sys
import sysconfig
import threading
import time
import warnings
from typing import TYPE_CHECKING, Any

from pytest_pyo3_bridge.catalogue import Level, check
from pytest_pyo3_bridge.checks.core.loops import closes_loops
from pytest_pyo3_bridge.facts import complaint
from pytest_pyo3_bridge.trial import Inapplicable

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_pyo3_bridge.program import Ended
    from pytest_pyo3_bridge.trial import Trial

SOURCE = "PyO3/pyo3#4874"
WHY = "A crash at exit turns a run that did its work into a failed one, and a core dump."
# So many exits of one check go on at once: each takes a processor.
AT_ONCE = 2
ENDS = 25.0
# What a program leaves to the interpreter's exit.
KEPT: list[Any] = []


async def _exits(trial: Trial, program: Callable[..., Any], status: int, times: int = 0) -> list[Ended]:
    """Let the program exit so often, or as the depth says, with another seed each time; judge and return each exit."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(seed: int) -> Ended:
        async with places:
            ended = await trial.programs.run(program, seed, seconds=ENDS)
        ended.sound()
        assert ended.status == status, f"the program exits with {ended.status} instead of {status}: {ended.tail()}"
        return ended

    seeds = [trial.chance.randrange(1 << 30) for _ in range(times or trial.count(2, 12, 200))]
    return list(await asyncio.gather(*(one(seed) for seed in seeds)))


def main_ends(make: Callable[[], Any], seed: int) -> None:
    chance = random.Random(seed)

    async def main() -> None:
        adapter = make()
        left = [asyncio.ensure_future(adapter.slow(30)) for _ in range(10)]
        left += [asyncio.ensure_future(adapter.slow(chance.random() / 50)) for _ in range(20)]
        await asyncio.sleep(chance.random() / 20)

    asyncio.run(main())


@check(
    "core/exit-with-work-in-flight",
    Level.MUST,
    "a program that ends with work in flight exits with status 0, and at once",
    why=WHY,
    source=SOURCE,
    limit=60.0,
)
async def exit_with_work_in_flight(trial: Trial) -> None:
    await _exits(trial, main_ends, 0)


def main_raises(make: Callable[[], Any], seed: int) -> None:
    chance = random.Random(seed)

    async def main() -> None:
        adapter = make()
        work = [asyncio.ensure_future(adapter.quick()) for _ in range(100)]
        work += [asyncio.ensure_future(adapter.slow(chance.random() / 100)) for _ in range(20)]
        await work[chance.randrange(20)]
        raise SystemExit(7)

    asyncio.run(main())


@check(
    "core/exit-by-exception",
    Level.MUST,
    "a program that raises SystemExit with work in flight exits with its status",
    why=WHY,
    source=SOURCE,
    limit=60.0,
)
async def exit_by_exception(trial: Trial) -> None:
    await _exits(trial, main_raises, 7)


def loop_stays(make: Callable[[], Any], seed: int) -> None:
    chance = random.Random(seed)
    # asyncio complains of a loop and of tasks that are left; that is not about the extension.
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    loop = asyncio.new_event_loop()

    async def main() -> None:
        adapter = make()
        KEPT.extend(asyncio.ensure_future(adapter.slow(chance.random() / 20)) for _ in range(30))
        await asyncio.sleep(chance.random() / 50)

    loop.run_until_complete(main())
    # What the other side ends now finds a loop that is open and does not turn, then an interpreter that exits.
    time.sleep(chance.random() / 50)


@check(
    "core/exit-with-a-loop-left-open",
    Level.MUST,
    "a program that leaves its loop open with work in flight exits with status 0",
    why=WHY,
    source="PyO3/pyo3-async-runtimes#40",
    limit=60.0,
)
async def exit_with_a_loop_left_open(trial: Trial) -> None:
    await _exits(trial, loop_stays, 0)


# Programs that leave work in flight, and the status that each asks for.
LEAVES: dict[Callable[..., Any], int] = {main_ends: 0, main_raises: 7, loop_stays: 0}


@check(
    "core/left-in-silence",
    Level.SHOULD,
    "a program that ends, or closes its loop, with work in flight writes nothing to stderr",
    why="Work that ends later calls a closed loop, and each call prints a traceback beside those that matter.",
    source="PyO3/pyo3-async-runtimes#90",
    limit=120.0,
)
async def left_in_silence(trial: Trial) -> None:
    times = trial.count(1, 4, 60)
    left = [ended for program, status in LEAVES.items() for ended in await _exits(trial, program, status, times)]
    left.append(await trial.programs.run(closes_loops, trial.count(12, 200, 5000), seconds=trial.count(20, 60, 600)))
    loud = [ended for ended in left if complaint(ended)]
    assert not loud, f"{len(loud)} of {len(left)} programs said something, the first: {loud[0].tail()}"


def thread_works_on(make: Callable[[], Any], seed: int) -> None:
    chance = random.Random(seed)

    async def one(adapter: Any) -> None:
        await adapter.quick()

    async def main() -> None:
        adapter = make()
        while True:
            await asyncio.gather(*(one(adapter) for _ in range(10)))

    threading.Thread(target=lambda: asyncio.run(main()), daemon=True).start()
    time.sleep(0.05 + chance.random() / 20)


@check(
    "core/exit-beside-a-daemon-thread",
    Level.MUST,
    "a program whose daemon thread still asks exits without a crash",
    why="Python ends such a thread amid a call, by unwinding or for ever; Rust must stand both.",
    source="rust-lang/rust#135929",
    limit=60.0,
)
async def exit_beside_a_daemon_thread(trial: Trial) -> None:
    if sys.version_info < (3, 14) and sysconfig.get_config_var("Py_GIL_DISABLED"):
        reason = "the free-threaded 3.13 itself hangs at exit beside a daemon thread that runs asyncio"
        raise Inapplicable(reason)
    await _exits(trial, thread_works_on, 0)


class Garbage:
    """Asks the adapter when it is collected, and again when the interpreter is about to be gone.

    Args:
        adapter: what to ask.
    """

    def __init__(self, adapter: Any) -> None:
        self.adapter = adapter
        self.itself = self

    def __del__(self) -> None:
        """Ask, and wait for nothing."""
        try:
            asked = self.adapter.quick()
        except Exception:  # noqa: BLE001 (there is no loop any more; saying so is right)
            return
        closing = getattr(asked, "close", None)
        if closing is not None:
            closing()


def finaliser_asks(make: Callable[[], Any], seed: int) -> None:
    chance = random.Random(seed)

    async def main() -> None:
        adapter = make()
        await adapter.quick()
        for _ in range(chance.randrange(3)):
            Garbage(adapter)
        gc.collect()
        await asyncio.sleep(0)
        # One is left to the exit as garbage, one as a global.
        Garbage(adapter)
        KEPT.append(Garbage(adapter))
        KEPT.append(asyncio.ensure_future(adapter.slow(0.01)))
        await KEPT[-1]

    asyncio.run(main())


@check(
    "core/exit-with-finalisers-that-ask",
    Level.MUST,
    "a finaliser that asks while the interpreter exits gets an exception, or nothing; it crashes nothing",
    why="Objects that give back a session in `__del__` are common, and Python calls some of them at its very end.",
    source=SOURCE,
    limit=60.0,
)
async def exit_with_finalisers_that_ask(trial: Trial) -> None:
    await _exits(trial, finaliser_asks, 0)
