"""Is a block timed by itself, and is it long enough? A clock that the operations move stands in for the machine's."""

from __future__ import annotations

import asyncio
import gc
import sys
import weakref
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

import pytest

from pytest_pyo3_bridge.benchmark import block
from pytest_pyo3_bridge.benchmark.block import (
    calibrate,
    frozen_by_the_program,
    frozen_heap,
    grown,
    performance_clock,
    time_block,
    undisturbed,
    warm_up,
)
from pytest_pyo3_bridge.benchmark.operation import Operation

from .fake_clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def fake() -> FakeClock:
    return FakeClock()


@pytest.fixture
def _collector_kept() -> Iterator[None]:
    yield
    gc.enable()


def test_a_block_gives_the_seconds_of_one_operation(fake: FakeClock) -> None:
    seconds = asyncio.run(time_block(Operation("candidate", fake.takes(0.25)), 4, fake.clock()))
    assert (seconds, len(fake.calls)) == (0.25, 4)


def test_the_machines_clock_advances_by_its_resolution_or_more() -> None:
    clock = performance_clock()
    readings = [clock.now() for _ in range(100_000)]
    assert readings[-1] - readings[0] >= clock.resolution > 0


def test_the_loop_handles_what_was_left_before_the_block_starts(fake: FakeClock) -> None:
    async def run() -> float:
        asyncio.get_running_loop().call_soon(setattr, fake, "seconds", 100.0)

        async def operation() -> None:
            await asyncio.sleep(0)
            fake.seconds += 1

        return await time_block(Operation("candidate", operation), 1, fake.clock())

    assert asyncio.run(run()) == 1


def test_garbage_is_collected_before_the_block(fake: FakeClock) -> None:
    class Cycle:
        pass

    first: Any = Cycle()
    first.itself = first
    gone = weakref.ref(first)
    seen = []

    async def operation() -> None:
        seen.append(gone() is None)

    async def run() -> None:
        await time_block(Operation("candidate", operation), 1, fake.clock())

    del first
    asyncio.run(run())
    assert seen == [True]


@pytest.mark.usefixtures("_collector_kept")
@pytest.mark.parametrize("before", [True, False])
def test_the_collector_is_off_within_a_block_and_as_before_after_it(fake: FakeClock, *, before: bool) -> None:
    within = []

    async def operation() -> None:
        within.append(gc.isenabled())

    async def run() -> None:
        (gc.enable if before else gc.disable)()
        await time_block(Operation("candidate", operation), 1, fake.clock())

    asyncio.run(run())
    assert (within, gc.isenabled()) == ([False], before)


def test_an_error_within_a_block_leaves_the_collector_on(fake: FakeClock) -> None:
    async def fail() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        asyncio.run(time_block(Operation("candidate", fail), 1, fake.clock()))
    assert gc.isenabled()


def test_a_tracer_is_off_within_a_block_and_back_after_it() -> None:
    def tracer(*_: object) -> None:
        return None

    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        with undisturbed():
            within = sys.gettrace()
        after = sys.gettrace()
    finally:
        sys.settrace(before)
    assert (within, after) == (None, tracer)


@pytest.fixture
def _thawed() -> Iterator[None]:
    assert not frozen_by_the_program()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("_thawed")
def test_collections_leave_out_what_was_there_before_the_benchmark() -> None:
    with frozen_heap():
        assert gc.get_freeze_count() > 1000
    assert gc.get_freeze_count() == 0


@pytest.mark.usefixtures("_thawed")
def test_objects_that_the_program_has_frozen_stay_so() -> None:
    gc.freeze()
    with frozen_heap():
        pass
    assert gc.get_freeze_count() > 1000


@pytest.mark.parametrize("seconds", [2e-8, 1e-6, 3e-4, 0.0049, 0.005, 1.0])
def test_calibration_finds_a_block_that_lasts_the_minimum_and_little_more(fake: FakeClock, seconds: float) -> None:
    operations = asyncio.run(calibrate(Operation("candidate", fake.takes(seconds)), 0.005, fake.clock()))
    assert operations * seconds * 1.000001 >= 0.005
    assert operations == 1 or (operations - 1) * seconds < 0.005 * block.MARGIN * 1.01


def test_a_coarse_clock_needs_longer_blocks(fake: FakeClock) -> None:
    operations = asyncio.run(calibrate(Operation("candidate", fake.takes(0.001)), 0.005, fake.clock(0.001)))
    assert operations >= block.LEAST_STEPS


def test_one_interruption_does_not_end_the_search(fake: FakeClock) -> None:
    interrupted = fake.takes_each(chain([0.05], repeat(1e-5)))
    operations = asyncio.run(calibrate(Operation("candidate", interrupted), 0.005, fake.clock()))
    assert operations >= 500


def test_a_clock_that_stands_still_is_an_error(fake: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(block, "MOST_OPERATIONS", 1000)
    with pytest.raises(RuntimeError, match="of the control took no time: the clock fake stands still"):
        asyncio.run(calibrate(Operation("control", fake.takes(0)), 0.005, fake.clock()))


def test_a_block_grows_at_most_tenfold_and_at_least_by_one() -> None:
    assert [grown(7, 0.0, 1), grown(7, 1e-9, 1), grown(7, 0.5, 1), grown(1, 0.999999, 1)] == [70, 70, 17, 2]


def test_the_warm_up_lasts_as_long_as_a_block(fake: FakeClock) -> None:
    asyncio.run(warm_up(Operation("candidate", fake.takes(0.25)), 1.0, fake.clock()))
    assert len(fake.calls) == 4


def test_the_warm_up_of_a_slow_operation_is_one_call(fake: FakeClock) -> None:
    asyncio.run(warm_up(Operation("candidate", fake.takes(30)), 0.005, fake.clock()))
    assert len(fake.calls) == 1
