"""Does a workload leak? An async workload in, one measure per resource out.

After a warm-up the workload runs in blocks; after each block the resources are read. Two kinds of reading:

* sizes (resident set, bytes in use by the C allocator) move for innocent reasons, so their growth is the Theil-Sen
  slope over the blocks with its confidence interval, which one jump cannot bend
  (P. K. Sen, "Estimates of the regression coefficient based on Kendall's tau", JASA 63, 1968);
* counters (Python's memory blocks, threads, file descriptors) are exact but for what is on its way out at a reading, so
  their growth is that between the least readings of the first and of the last quarter.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import math
import statistics
import sys
import sysconfig
import threading
import time
from array import array
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Any

from pytest_pyo3_bridge import resources
from pytest_pyo3_bridge.patience import patient

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

# Two-sided 99 %: twenty cells times four workloads are eighty tests, and none of them may cry wolf.
CONFIDENCE = 0.99
Z = statistics.NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)

# Seconds before a reading. The thread that brought the last answer holds it until it gets the interpreter back, and a
# turn of the loop that waits for nothing does not hand that over: in 10 of 60 measures of PrototypePool each late
# reading had an answer of 500 rows too many (3.13.0, pyo3-async-runtimes 0.28); with the pause none of 85 had.
LETTING_GO = 0.005
# On a busy machine that thread may get the interpreter back only after some turns of others: beside four programs to a
# core, each of the late readings had 750 blocks too many. While there are so many more than ever before, someone may
# hold an answer yet, and a reading waits so many seconds for it.
GUESTS = 100
PATIENCE = 1.0
# Without the GIL, what one thread made and another let go is freed once both counts are merged, and a collection has
# that done. At a third of the readings after one collection a list of 200 texts was still there; after a pause and a
# second collection, at none (measured on 3.13.5, over pyo3-async-runtimes 0.23).
FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))

# So many more threads than at first are a leak already. To go on would take those of the whole machine.
RUN_AWAY = 1000
# Operations of the warm-up between two looks at the threads.
SLICE = 100


@dataclass(frozen=True)
class Slope:
    """Growth per 1,000 operations with its confidence interval."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class Plan:
    """How long to look. Blocks are what the statistics see; fewer than ten have no useful interval."""

    operations: int = 1000
    blocks: int = 20
    warm_up: int = 200

    @property
    def per_block(self) -> int:
        """Operations in one block."""
        return self.operations // self.blocks


@dataclass
class LeakMeasure:
    """What one workload did to the process."""

    plan: Plan
    # Arrays of numbers, not lists of objects: twenty readings of six numbers would be 120 blocks of Python's memory.
    sizes: dict[str, array[int]] = field(default_factory=dict)
    counters: dict[str, array[int]] = field(default_factory=dict)
    # Asks the C allocator, where it can say.
    allocated: Callable[[], int] | None = None
    # Whether a reading waited in vain for what is on its way out: it has leaked, and nothing is waited for any more.
    is_lost: bool = False

    @property
    def operations(self) -> int:
        """How many operations the readings span: fewer than planned where threads ran away."""
        readings = [*self.counters.values(), *self.sizes.values()]
        return self.plan.per_block * (max(map(len, readings), default=1) - 1)

    def slope(self, size: str) -> Slope:
        """Growth of a size in bytes per 1,000 operations."""
        return theil_sen(self.sizes[size], self.plan.per_block / 1000)

    def late_slope(self, size: str) -> Slope:
        """Growth of a size over the later half of the readings: what fills up grows less by then; a leak does not."""
        readings = self.sizes[size]
        return theil_sen(readings[(len(readings) - 1) // 2 :], self.plan.per_block / 1000)

    def growth(self, counter: str) -> int:
        """Growth of a counter: the least of the last quarter of the readings over the least of the first.

        A reading may catch an answer that is on its way out: a thread that is not attached to the interpreter lets go
        of Python objects only when some thread attaches next. Such a guest comes and goes; what has leaked stays.
        """
        readings = self.counters[counter]
        quarter = max(1, len(readings) // 4)
        return min(readings[-quarter:]) - min(readings[:quarter])

    def record(self) -> dict[str, Any]:
        """Return what memory.json keeps of this measure."""
        record: dict[str, Any] = {"operations": self.operations, "blocks": self.plan.blocks}
        for name in self.sizes:
            slope = self.slope(name)
            record[name] = {
                "slope_bytes_per_1000": round(slope.estimate),
                "low": round(slope.low),
                "high": round(slope.high),
                "confidence": CONFIDENCE,
                "readings": self.sizes[name].tolist(),
            }
        return record | {"growth": {name: self.growth(name) for name in self.counters}}


async def measure(workload: Callable[[int], Awaitable[None]], plan: Plan) -> LeakMeasure:
    """Run `workload(operations)` for the warm-up and for every block, and read the resources after each.

    Threads that run away end both early: what the readings show by then is enough.
    """
    measured = LeakMeasure(plan, allocated=_allocator())
    await _warm_up(workload, plan)
    gc.collect()
    # What lives now is not garbage; set aside, it does not cost each of the collections below.
    gc.freeze()
    try:
        await _read(measured)
        for _ in range(plan.blocks):
            await workload(plan.per_block)
            await _read(measured)
            if "threads" in measured.counters and measured.growth("threads") > RUN_AWAY:
                break
    finally:
        gc.unfreeze()
    return measured


async def _warm_up(workload: Callable[[int], Awaitable[None]], plan: Plan) -> None:
    at_first = resources.threads()
    left = plan.warm_up
    while left > 0 and resources.threads() - at_first <= RUN_AWAY:
        operations = min(left, max(SLICE, plan.per_block))
        await workload(operations)
        left -= operations


def theil_sen(readings: Sequence[int], step: float) -> Slope:
    """Return the median of all pairwise slopes, and Sen's interval by rank around it."""
    count = len(readings)
    slopes = sorted((readings[j] - readings[i]) / ((j - i) * step) for i, j in combinations(range(count), 2))
    spread = Z * math.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    low = max(0, math.floor((len(slopes) - spread) / 2))
    high = min(len(slopes) - 1, math.ceil((len(slopes) + spread) / 2))
    return Slope(statistics.median(slopes), slopes[low], slopes[high])


# Empties the interpreter's cache of types; an interpreter without that cache has neither name, and both are private.
# The first came with 3.13 and empties this cache too (measured on 3.13.0, 3.14.10 and 3.15.2). From 3.14 on the second
# one warns.
_clear_type_cache: Callable[[], object] = (
    getattr(sys, "_clear_internal_caches", None) or getattr(sys, "_clear_type_cache", None) or (lambda: None)
)


async def _let_go() -> None:
    for _ in range(2 if FREE_THREADED else 1):
        await asyncio.sleep(LETTING_GO)
        gc.collect()
    # The interpreter's cache of types keeps up to 4,096 names of attributes alive that are not interned, such as those
    # that PyO3 makes for a call by name; pyo3-async-runtimes up to 0.26 fills it slowly.
    _clear_type_cache()


async def _read(measured: LeakMeasure) -> None:
    # Callbacks of the last operation still hold its result, and so may the thread that brought it.
    await _let_go()
    earlier = measured.counters.get("python_blocks")
    deadline = time.monotonic() + patient(PATIENCE)
    while earlier and not measured.is_lost and sys.getallocatedblocks() - min(earlier) > GUESTS:
        await _let_go()
        measured.is_lost = time.monotonic() > deadline
    sizes = {} if (resident := resources.resident()) is None else {"rss": resident}
    if measured.allocated is not None:
        sizes["malloc"] = measured.allocated()
    counters = {
        "python_blocks": sys.getallocatedblocks(),
        "python_threads": threading.active_count(),
        **resources.counts(),
    }
    for name, value in sizes.items():
        measured.sizes.setdefault(name, _integers()).append(value)
    for name, value in counters.items():
        measured.counters.setdefault(name, _integers()).append(value)


def _integers() -> array[int]:
    return array("q")  # pragma: no mutate; without a sign they would do as well


_MALLINFO2 = (
    *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
    *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
)


class _MallocInfo(ctypes.Structure):
    """glibc's `struct mallinfo2`."""

    _fields_ = tuple((name, ctypes.c_size_t) for name in _MALLINFO2)


def _allocator() -> Callable[[], int] | None:
    """Return what asks for the bytes handed out by the C allocator, over all arenas; None where the libc cannot say.

    These are finer than pages. A measure asks for it once: each `CDLL` has a class of its own, and the free-threaded
    3.13 keeps every class for ever, with 24 blocks of memory.
    """
    try:
        mallinfo2 = ctypes.CDLL(None).mallinfo2
    except (AttributeError, OSError):
        return None
    mallinfo2.restype = _MallocInfo

    def in_use() -> int:
        info = mallinfo2()
        return int(info.uordblks + info.hblkhd)

    return in_use
