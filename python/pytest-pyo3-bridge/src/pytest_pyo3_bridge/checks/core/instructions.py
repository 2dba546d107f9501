"""What does a call cost, on a machine where times say little? Instructions, of Rust and of Python together."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_pyo3_bridge.catalogue import Depth, Level, check
from pytest_pyo3_bridge.instructions import counter
from pytest_pyo3_bridge.trial import Inapplicable, close

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_pyo3_bridge.instructions import Counter
    from pytest_pyo3_bridge.trial import Trial

NOTE = "instructions per call"
# Two programs differ in nothing but the number of their calls, so their start, their imports and their end cancel out.
FEW, MANY = 50, 550
# perf is quick, and threads that wait for each other cost it some instructions more or less.
PAIRS = 5
ENDS = 150.0


def main_calls(make: Callable[[], Any], calls: int) -> None:
    """Call as often."""

    async def main() -> None:
        adapter = make()
        for _ in range(calls):
            await adapter.quick()
        await close(adapter)

    asyncio.run(main())


@check(
    "core/instructions-per-call",
    Level.INFO,
    "how many instructions a call takes, in Rust and in Python together",
    why="Times say little on a busy machine; the instructions of the same code are the same to about one in a hundred.",
    source="https://valgrind.org/docs/manual/cl-manual.html",
    measures=True,
    limit=300.0,
)
async def instructions_per_call(trial: Trial) -> None:
    found = await asyncio.get_running_loop().run_in_executor(None, counter)
    if found is None:
        reason = "nothing counts instructions here: perf has no counters, and valgrind is not installed"
        raise Inapplicable(reason)
    if found.slow and trial.depth is Depth.QUICK:
        reason = f"{found.name} takes some twenty seconds: at depth default it counts"
        raise Inapplicable(reason)
    pairs = 1 if found.slow else PAIRS
    each = [await _each(trial, found) for _ in range(pairs)]
    trial.note(NOTE, round(statistics.median(each)))
    trial.note("counted with", found.name)


async def _each(trial: Trial, found: Counter) -> float:
    """Return the instructions of one call, from two programs. They run beside each other: no count hears of a clock."""
    few, many = await asyncio.gather(*(_all(trial, found, calls) for calls in (FEW, MANY)))
    return (many - few) / (MANY - FEW)


async def _all(trial: Trial, found: Counter, calls: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "count"
        ended = await trial.programs.run(main_calls, calls, seconds=ENDS, under=found.under(file))
        ended.sound()
        assert ended.status == 0, f"the program exits with {ended.status}: {ended.tail()}"
        return found.read(file)
