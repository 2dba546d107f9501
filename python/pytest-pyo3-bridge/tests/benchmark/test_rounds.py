"""Are both sides measured in pairs, in an order that a seed decides? Operations that tell their name in, orders out."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter

import pytest

from pytest_pyo3_bridge.benchmark.operation import Operation
from pytest_pyo3_bridge.benchmark.rounds import LEAST_ROUNDS, Rounds, Settings, measure_rounds

from .fake_clock import FakeClock, chance

ROUNDS = 30


def measured(fake: FakeClock, seed: int = 0, settings: Settings | None = None, seconds: float = 1.0) -> Rounds:
    """Return the rounds of two operations, of which the control takes twice as long."""
    sides = [
        Operation("candidate", fake.takes(seconds, "candidate")),
        Operation("control", fake.takes(2 * seconds, "control")),
    ]
    # Blocks of one operation, so that the calls tell the order.
    given = settings or Settings(rounds=ROUNDS, min_block_seconds=0.001, max_seconds=1e6)
    return asyncio.run(measure_rounds(sides, given, fake.clock(), chance(seed)))


def test_each_round_has_one_block_of_each_side_in_the_order_that_is_told() -> None:
    fake = FakeClock()
    found = measured(fake)
    blocks = fake.calls[-2 * ROUNDS :]
    rounds = [blocks[place : place + 2] for place in range(0, len(blocks), 2)]
    assert [sorted(pair) for pair in rounds] == [["candidate", "control"]] * ROUNDS
    assert [pair[0] for pair in rounds] == found.first


def test_each_side_has_its_own_time_in_each_round() -> None:
    assert measured(FakeClock()).seconds == {"candidate": [1.0] * ROUNDS, "control": [2.0] * ROUNDS}


def test_the_seed_alone_decides_the_orders() -> None:
    first, again, other = (measured(FakeClock(), seed).first for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_neither_side_always_comes_first_nor_do_they_take_turns() -> None:
    first = measured(FakeClock()).first
    assert ROUNDS / 4 < first.count("control") < ROUNDS * 3 / 4
    assert any(one == other for one, other in zip(first, first[1:]))


def test_each_side_has_the_operations_that_its_own_block_needs() -> None:
    fake = FakeClock()
    found = measured(fake, settings=Settings(rounds=2, min_block_seconds=1.0, max_seconds=1e6), seconds=0.125)
    assert 8 <= found.operations["candidate"] <= 10
    assert 4 <= found.operations["control"] <= 5
    both = {side: 2 * operations for side, operations in found.operations.items()}
    assert Counter(fake.calls[-sum(both.values()) :]) == both


def test_no_round_begins_after_the_time_is_over() -> None:
    # Warm-up and calibration take 3 calls of each side, 9 seconds; a round takes 3.
    found = measured(FakeClock(), settings=Settings(rounds=ROUNDS, max_seconds=40))
    assert [len(samples) for samples in found.seconds.values()] == [11, 11]


def test_a_few_rounds_are_measured_even_when_the_time_is_over() -> None:
    found = measured(FakeClock(), settings=Settings(rounds=ROUNDS, max_seconds=0.001))
    assert len(found.first) == LEAST_ROUNDS


def test_the_heap_is_frozen_from_the_first_call_to_the_last() -> None:
    fake = FakeClock()
    counts = set()

    async def operation() -> None:
        fake.seconds += 1
        counts.add(gc.get_freeze_count() > 1000)

    asyncio.run(measure_rounds([Operation("candidate", operation)], Settings(rounds=3), fake.clock(), chance()))
    assert (counts, gc.get_freeze_count()) == ({True}, 0)


def test_a_candidate_alone_is_measured_alone() -> None:
    fake = FakeClock()
    alone = [Operation("candidate", fake.takes(1))]
    found = asyncio.run(measure_rounds(alone, Settings(rounds=3), fake.clock(), chance()))
    assert found.seconds == {"candidate": [1.0] * 3}


@pytest.mark.parametrize(
    ("option", "value"),
    [("rounds", 1), ("concurrency", 0), ("min_block_seconds", 0), ("max_seconds", -1), ("max_seconds", float("nan"))],
)
def test_a_setting_out_of_range_is_named(option: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"^{option} is {value} and must be "):
        Settings(**{option: value})  # type: ignore[arg-type]
