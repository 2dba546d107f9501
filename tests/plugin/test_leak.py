"""Does the leak measure see a leak, and only a leak? No server: the workloads leak by themselves."""

from __future__ import annotations

import ctypes
import mmap
import os
import random
import sys
import threading
from array import array
from typing import TYPE_CHECKING

import pytest

from matrix_cell.leak import LeakMeasure, Plan, measure, theil_sen
from matrix_cell.leak_limits import complaints

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

PLAN = Plan(operations=1000, blocks=20, warm_up=200)


def workload(operation: Callable[[], object]) -> Callable[[int], Awaitable[None]]:
    """Return an async workload that repeats a function."""

    async def work(operations: int) -> None:
        for _ in range(operations):
            operation()

    return work


async def test_clean_workload_has_no_complaint() -> None:
    chance = random.Random(1)
    measured = await measure(workload(lambda: [bytearray(chance.randrange(5000)) for _ in range(3)]), PLAN)
    assert complaints(measured) == []
    record = measured.record()
    assert record["operations"] == 1000
    assert record["rss"]["low"] <= record["rss"]["slope_bytes_per_1000"] <= record["rss"]["high"]
    assert len(record["rss"]["readings"]) == PLAN.blocks + 1


async def test_names_that_the_interpreter_remembers_are_no_leak() -> None:
    # The interpreter's cache of types keeps names of attributes alive that nobody interned: one for each type here.
    things = iter([type("Thing", (), {})() for _ in range(PLAN.warm_up + PLAN.operations)])

    def look_up() -> None:
        getattr(next(things), b"set_result".decode(), None)

    assert complaints(await measure(workload(look_up), PLAN)) == []


async def test_lost_python_object_is_found() -> None:
    lost: list[object] = []
    assert "python_blocks" in str(complaints(await measure(workload(lambda: lost.append(bytearray(100))), PLAN)))


@pytest.mark.skipif(sys.platform != "linux", reason="the C allocator of other systems does not say what it gave out")
async def test_lost_native_memory_is_found() -> None:
    malloc = ctypes.CDLL(None).malloc
    malloc.restype = ctypes.c_void_p
    assert "malloc" in str(complaints(await measure(workload(lambda: malloc(100)), PLAN)))


async def test_touched_pages_are_found_in_the_resident_set() -> None:
    lost: list[mmap.mmap] = []

    def lose() -> None:
        # Straight from the kernel: the allocator would first use up what it kept from earlier tests.
        lost.append(mmap.mmap(-1, mmap.PAGESIZE))
        lost[-1][0] = 1

    measured = await measure(workload(lose), PLAN)
    slope = measured.slope("rss")
    assert "rss" in str(complaints(measured))
    assert slope.low * 0.9 < mmap.PAGESIZE * 1000 < slope.high * 1.1


async def test_lost_descriptor_is_found() -> None:
    lost: list[int] = []
    try:
        measured = await measure(workload(lambda: lost.append(os.dup(0))), Plan(100, 10, 20))
        # The last of eleven readings may be a guest; up to the one before, nine blocks of ten have run.
        assert measured.growth("file_descriptors") == 90
        assert "file_descriptors" in str(complaints(measured))
    finally:
        for descriptor in lost:
            os.close(descriptor)


async def test_lost_thread_is_found() -> None:
    stop = threading.Event()
    lost: list[threading.Thread] = []

    def lose() -> None:
        lost.append(threading.Thread(target=stop.wait, daemon=True))
        lost[-1].start()

    try:
        measured = await measure(workload(lose), Plan(50, 10, 10))
        assert measured.growth("python_threads") == 45
        assert "threads" in str(complaints(measured))
    finally:
        stop.set()
        for thread in lost:
            thread.join()


def test_guest_at_one_reading_is_no_growth_and_hides_none() -> None:
    guest_last = LeakMeasure(PLAN, counters={"python_blocks": array("q", [100] * 20 + [321])})
    assert guest_last.growth("python_blocks") == 0
    guest_first = LeakMeasure(PLAN, counters={"python_blocks": array("q", [900, *range(100, 2100, 100)])})
    assert guest_first.growth("python_blocks") == 1500


def test_one_jump_does_not_bend_the_slope() -> None:
    slope = theil_sen([1000] * 10 + [900_000] * 11, 0.05)
    assert slope.low == 0


def test_slope_of_a_line_is_exact() -> None:
    slope = theil_sen([7 + 30 * block for block in range(21)], 0.05)
    assert (slope.low, slope.estimate, slope.high) == pytest.approx((600, 600, 600))


def test_noise_alone_has_zero_inside_its_interval() -> None:
    chance = random.Random(2)
    slope = theil_sen([chance.randrange(100_000) for _ in range(21)], 0.05)
    assert slope.low < 0 < slope.high
