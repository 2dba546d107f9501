"""How long does a block of operations take, and how many operations must it have? An operation and a clock in.

A single call of a microsecond cannot be timed: the clock's step and the cost of reading it are as large. So operations
are timed in blocks, long enough for both to vanish. The search for the number of operations is that of
`timeit.Timer.autorange` and of pytest-benchmark's calibration, with one step more: a block counts as long enough only
if a second one is so too, since one interruption would otherwise end the search far too early.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import math
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_pyo3_bridge.benchmark.operation import asyncio_runs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_pyo3_bridge.benchmark.operation import Operation

# A block is at least this many steps of the clock: the error of its two readings is then below one percent.
LEAST_STEPS = 200
# How far one step of the search may go: a first guess from a very short block is worth little.
LARGEST_GROWTH = 10
# Aimed above the minimum by this factor, so that the guess seldom falls short by a hair.
MARGIN = 1.2
# No clock that advances lets the search come here: 2**30 empty calls take half a minute.
MOST_OPERATIONS = 2**30


@dataclass(frozen=True)
class Clock:
    """What tells the time.

    Attributes:
        now: Returns the time in seconds, from any origin.
        resolution: The clock's step, in seconds.
        name: What a report calls it.
    """

    now: Callable[[], float]
    resolution: float
    name: str


def performance_clock() -> Clock:
    """Return the machine's best clock, `time.perf_counter`."""
    return Clock(time.perf_counter, time.get_clock_info("perf_counter").resolution, "perf_counter")


async def time_block(operation: Operation, operations: int, clock: Clock) -> float:
    """Return the seconds per operation of one block.

    Before it starts, the loop handles what the last block has left to it, and garbage is collected, so that no side
    pays for the other. Within it, the collector and a tracer (coverage, a debugger) are off.
    """
    if asyncio_runs():
        await asyncio.sleep(0)
    gc.collect()
    with undisturbed():
        start = clock.now()
        await operation.repeat(operations)
        return (clock.now() - start) / operations


async def warm_up(operation: Operation, seconds: float, clock: Clock) -> None:
    """Run the operation for at least `seconds`, and at least once, untimed: caches fill, connections open."""
    end = clock.now() + seconds
    await operation.probe()
    while clock.now() < end:
        await operation.repeat(1)


async def calibrate(operation: Operation, min_block_seconds: float, clock: Clock) -> int:
    """Return how many operations a block needs to last at least `min_block_seconds`, two times in a row.

    Args:
        operation: Warm: its first call is over.
        min_block_seconds: Raised to 200 steps of the clock where that is longer.
        clock: Tells the time.

    Raises:
        RuntimeError: The clock stands still.
    """
    least = max(min_block_seconds, LEAST_STEPS * clock.resolution)
    operations = 1
    while operations < MOST_OPERATIONS:
        seconds = await time_block(operation, operations, clock) * operations
        if seconds >= least:
            seconds = await time_block(operation, operations, clock) * operations
        if seconds >= least:
            return operations
        operations = grown(operations, seconds, least)
    message = f"{operations} operations of the {operation.side} took no time: the clock {clock.name} stands still"
    raise RuntimeError(message)


def grown(operations: int, seconds: float, least: float) -> int:
    """Return the next number of operations to try, after a block of `operations` took `seconds`, less than `least`."""
    if seconds * LARGEST_GROWTH <= least * MARGIN:
        return operations * LARGEST_GROWTH
    return math.ceil(operations * least * MARGIN / seconds)


@contextmanager
def frozen_heap() -> Iterator[None]:
    """Leave the objects that are there now out of the collections before each block.

    A collection of a large process takes longer than a block does. Where the program has frozen objects of its own,
    nothing is done, since `gc.unfreeze` would thaw those as well.
    """
    if not hasattr(gc, "freeze") or frozen_by_the_program():
        yield
        return
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def frozen_by_the_program() -> bool:
    """Whether more objects are frozen than the interpreter itself freezes at its start, as CPython 3.12 does."""
    frozen = gc.get_freeze_count()
    return frozen > 0 and frozen > _frozen_at_start()


@functools.cache
def _frozen_at_start() -> int:
    """Return how many objects a fresh interpreter has frozen; 0 where none can be asked."""
    if not sys.executable:
        return 0
    asked = [sys.executable, "-I", "-S", "-c", "import gc; print(gc.get_freeze_count())"]
    try:
        return int(subprocess.run(asked, capture_output=True, text=True, timeout=60, check=True).stdout)  # noqa: S603
    except (OSError, subprocess.SubprocessError, ValueError):
        return 0


@contextmanager
def undisturbed() -> Iterator[None]:
    """Turn the garbage collector and the tracer off, and restore both."""
    collects, tracer = gc.isenabled(), sys.gettrace()
    gc.disable()
    sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(tracer)
        if collects:
            gc.enable()
