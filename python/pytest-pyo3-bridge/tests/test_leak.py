"""Does the leak measure see a leak, and only a leak? No server: the workloads leak by themselves."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import mmap
import os
import random
import statistics
import sys
import threading
import time
from array import array
from itertools import combinations
from typing import TYPE_CHECKING

import pytest

from pytest_pyo3_bridge import leak, leak_limits, resources
from pytest_pyo3_bridge.leak import LeakMeasure, Plan, Slope, measure, theil_sen
from pytest_pyo3_bridge.leak_limits import MOST_GROWTH, complaints

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
    # The interpreter's cache of types keeps names of attributes alive that are not interned: one for each type here.
    things = iter([type("Thing", (), {})() for _ in range(PLAN.warm_up + PLAN.operations)])

    def look_up() -> None:
        getattr(next(things), b"set_result".decode(), None)

    assert complaints(await measure(workload(look_up), PLAN)) == []


@pytest.mark.skipif(not resources.threads(), reason="this kernel does not say how many threads there are")
async def test_threads_that_run_away_end_the_measure_before_the_machine_has_none_left() -> None:
    over = threading.Event()
    started: list[threading.Thread] = []

    def lose() -> None:
        started.append(threading.Thread(target=over.wait))
        started[-1].start()

    try:
        measured = await measure(workload(lose), Plan(operations=20_000, blocks=20, warm_up=10_000))
    finally:
        over.set()
        for thread in started:
            thread.join()
    assert len(started) <= 2 * leak.RUN_AWAY + 2 * measured.plan.per_block
    found = complaints(measured)
    assert f" in {measured.operations:,} operations" in str(found), found
    assert any(text.startswith(("threads grew by 1,", "threads grew by 2,")) for text in found), found


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


# On a busy machine the thread that brought an answer gets the interpreter back only after a while.
@pytest.mark.parametrize("times", [0.2, 10])
async def test_a_guest_of_another_thread_leaves_in_the_pause_before_a_reading(times: float) -> None:
    late = iter([False] * 15 + [True] * 20)
    threads = []
    held = threading.Barrier(2)

    def hold() -> None:
        answer = [object() for _ in range(500)]
        held.wait()
        time.sleep(leak.LETTING_GO * times)
        answer.clear()

    async def work(operations: int) -> None:
        del operations
        if next(late, False):
            threads.append(threading.Thread(target=hold))
            threads[-1].start()
            held.wait()

    measured = await measure(work, PLAN)
    for thread in threads:
        thread.join()
    assert len(threads) > PLAN.blocks // 4
    assert measured.growth("python_blocks") < 150


async def test_what_is_lost_is_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leak, "PATIENCE", 0.1)
    pauses = []
    pause = asyncio.sleep

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        await pause(seconds)

    monkeypatch.setattr("asyncio.sleep", sleep)
    monkeypatch.setattr(leak, "FREE_THREADED", False)
    kept: list[object] = []
    at_each: list[int] = []

    async def work(_operations: int) -> None:
        at_each.append(len(pauses))
        kept.extend(bytearray(1) for _ in range(1000))

    measured = await measure(work, PLAN)
    assert measured.growth("python_blocks") > 1000
    _warm_up, _first, second, third, *others = at_each
    assert third - second > 1
    assert [later - earlier for earlier, later in zip([third, *others], others)] == [1] * len(others)


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


@pytest.mark.parametrize(
    ("count", "low", "high"),
    # Ranks around the median of all n(n-1)/2 slopes, by Kendall's variance n(n-1)(2n+5)/18 and 2.5758 deviations.
    [(5, 0, 9), (10, 8, 37), (21, 62, 148), (100, 2042, 2908)],
)
def test_interval_has_the_ranks_that_its_confidence_asks_for(count: int, low: int, high: int) -> None:
    # No two slopes are alike: their ranks tell them apart.
    chance = random.Random(3)
    readings = [chance.randrange(1 << 60) for _ in range(count)]
    slopes = sorted((after - before) / (j - i) for (i, before), (j, after) in combinations(enumerate(readings), 2))
    assert len(set(slopes)) == count * (count - 1) // 2
    slope = theil_sen(readings, 1)
    assert (slope.low, slope.estimate, slope.high) == (slopes[low], statistics.median(slopes), slopes[high])


# Two blocks of 500 operations and a straight line: the record is known to the last digit.
STRAIGHT = LeakMeasure(
    Plan(operations=1000, blocks=2),
    sizes={"rss": array("q", [100, 350, 600])},
    counters={"threads": array("q", [1, 5, 9])},
)


def test_record_holds_what_was_read_and_what_follows() -> None:
    assert STRAIGHT.record() == {
        "operations": 1000,
        "blocks": 2,
        "rss": {
            "slope_bytes_per_1000": 500,
            "low": 500,
            "high": 500,
            "confidence": 0.99,
            "readings": [100, 350, 600],
        },
        "growth": {"threads": 8},
    }


def test_slope_is_per_thousand_operations() -> None:
    assert STRAIGHT.slope("rss") == Slope(500, 500, 500)


def line_of(rss: int, threads: int = 0) -> LeakMeasure:
    """Return the measure of a workload that grows by so much per 1,000 operations."""
    counters = {name: array("q", [0, 0]) for name in MOST_GROWTH}
    counters["threads"] = array("q", [0, threads])
    return LeakMeasure(Plan(operations=1000, blocks=1), sizes={"rss": array("q", [0, rss])}, counters=counters)


def test_growth_up_to_the_limit_is_no_leak() -> None:
    assert complaints(line_of(65_536, 20)) == []


def test_few_operations_may_leave_as_much_as_a_thousand() -> None:
    def grown(size: int) -> list[str]:
        plan = Plan(operations=200, blocks=1)
        return complaints(LeakMeasure(plan, sizes={"malloc": array("q", [0, size])}))

    assert grown(65_536) == []
    limit = "malloc grows by 327,685 bytes per 1,000 operations (99 % interval 327,685 to 327,685; limit 327,680)"
    assert grown(65_537) == [limit]


def test_complaint_says_how_much_grew_and_what_is_allowed() -> None:
    assert complaints(line_of(65_537, 21)) == [
        "rss grows by 65,537 bytes per 1,000 operations (99 % interval 65,537 to 65,537; limit 65,536)",
        "threads grew by 21 in 1,000 operations (limit 20)",
    ]


def test_what_fills_up_is_no_leak_and_what_begins_late_is_one() -> None:
    filling = [0, 4, 224, 232, 232, 256, 260, 260, 300, 388, 444, 508, 508, 512, 512, 512, 520, 520, 520, 520, 520]
    plan = Plan(operations=1200, blocks=20)
    measured = LeakMeasure(plan, sizes={"rss": array("q", [1024 * kib for kib in filling])})
    assert measured.slope("rss").low > leak_limits.MOST_BYTES["rss"]
    assert complaints(measured) == []
    late = LeakMeasure(plan, sizes={"rss": array("q", [0] * 4 + [1024 * 12 * block for block in range(17)])})
    assert len(complaints(late)) == 1


def test_an_operation_that_handles_more_may_keep_so_many_times_the_bytes() -> None:
    assert complaints(line_of(8 * 65_536), times=8) == []
    assert complaints(line_of(8 * 65_536 + 1, 21), times=8) == [
        "rss grows by 524,289 bytes per 1,000 operations (99 % interval 524,289 to 524,289; limit 524,288)",
        "threads grew by 21 in 1,000 operations (limit 20)",
    ]


def test_the_resident_set_is_judged_unless_the_interpreter_keeps_its_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    growing = line_of(65_537, 21)
    monkeypatch.setattr(leak_limits, "KEEPS_PAGES", True)
    assert complaints(growing) == ["threads grew by 21 in 1,000 operations (limit 20)"]
    monkeypatch.setattr(leak_limits, "KEEPS_PAGES", False)
    assert len(complaints(growing)) == 2


async def test_every_block_is_run_and_read_after_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    asked: list[int] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async def work(operations: int) -> None:
        asked.append(operations)

    monkeypatch.setattr("asyncio.sleep", sleep)
    monkeypatch.setattr(leak, "FREE_THREADED", False)
    measured = await measure(work, Plan(operations=60, blocks=3, warm_up=7))
    assert asked == [7, 20, 20, 20]
    assert slept == [leak.LETTING_GO] * 4
    assert {len(readings) for readings in (*measured.sizes.values(), *measured.counters.values())} == {4}
    assert gc.get_freeze_count() == 0


async def test_without_the_gil_each_reading_pauses_and_collects_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr("asyncio.sleep", sleep)
    monkeypatch.setattr(leak, "FREE_THREADED", True)
    await measure(idle, Plan(operations=2, blocks=2))
    assert slept == [leak.LETTING_GO] * 6


async def test_failing_workload_gives_the_garbage_collector_back_what_it_set_aside() -> None:
    async def work(operations: int) -> None:
        if operations == 1:
            message = "broken"
            raise ValueError(message)

    with pytest.raises(ValueError, match="broken"):
        await measure(work, Plan(operations=10, blocks=10))
    assert gc.get_freeze_count() == 0


class Libc:
    """A C library whose allocator gave out 7 bytes from its heaps and 5 straight from the kernel."""

    def __init__(self, name: None) -> None:
        assert name is None, "the library of this process"

    class mallinfo2:  # noqa: N801  # as C calls it
        """The function: called, it returns what it reports."""

        restype: type[ctypes.Structure] | None = None

        def __new__(cls) -> ctypes.Structure:  # type: ignore[misc]  # a function by another name
            assert cls.restype is not None
            info = cls.restype()
            info.uordblks, info.hblkhd = 7, 5
            return info


async def idle(operations: int) -> None:
    del operations


async def test_size_of_the_allocator_is_what_it_gave_out(monkeypatch: pytest.MonkeyPatch) -> None:
    libraries: list[Libc] = []

    def library(name: None) -> Libc:
        libraries.append(Libc(name))
        return libraries[-1]

    monkeypatch.setattr(ctypes, "CDLL", library)
    measured = await measure(idle, Plan(operations=2, blocks=2))
    assert measured.sizes["malloc"].tolist() == [12, 12, 12]
    assert len(libraries) == 1, "one for each reading would be growth where classes live for ever"


@pytest.mark.parametrize("error", [OSError, AttributeError])
async def test_allocator_that_does_not_say_is_left_out(monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
    def library(name: None) -> None:
        raise error(name)

    monkeypatch.setattr(ctypes, "CDLL", library)
    measured = await measure(idle, Plan(operations=2, blocks=2))
    assert list(measured.sizes) == ["rss"]
    assert list(measured.counters) == list(MOST_GROWTH)
