"""In which order are blocks measured, and how many? Two operations and settings in, paired samples out.

Each round has one block of each side, in an order that is drawn anew. A machine that slows down slows both sides of a
round, and no side is always the one that runs after the other. See R. A. Fisher, "The Design of Experiments" (1935), on
randomised blocks.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_pyo3_bridge.benchmark.block import calibrate, frozen_heap, time_block, warm_up

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from pytest_pyo3_bridge.benchmark.block import Clock
    from pytest_pyo3_bridge.benchmark.operation import Operation

# Even where the time is over, since fewer say nothing of their own spread; as pytest-benchmark's `min_rounds`.
LEAST_ROUNDS = 5


@dataclass(frozen=True)
class Settings:
    """How much is measured.

    Attributes:
        rounds: How many blocks of each side; 2 or more.
        min_block_seconds: The least duration of a block, in seconds.
        max_seconds: After this time, in seconds from the start of the warm-up, no further round begins; five rounds (or
            `rounds`, if fewer) are measured in any case.
        concurrency: How many awaitables one operation gathers at once.

    Raises:
        ValueError: A setting is out of its range.
    """

    rounds: int = 40
    min_block_seconds: float = 0.005
    max_seconds: float = 10.0
    concurrency: int = 1

    def __post_init__(self) -> None:
        for name, least in (("rounds", 2), ("concurrency", 1)):
            if getattr(self, name) < least:
                message = f"{name} is {getattr(self, name)} and must be {least} or more"
                raise ValueError(message)
        for name in ("min_block_seconds", "max_seconds"):
            if not getattr(self, name) > 0:
                message = f"{name} is {getattr(self, name)} and must be above 0"
                raise ValueError(message)

    def as_dict(self) -> dict[str, Any]:
        """Return the settings by their names."""
        return asdict(self)


@dataclass
class Rounds:
    """What was measured.

    Attributes:
        operations: How many operations a block of each side has, by side.
        seconds: The seconds per operation of each block, by side; one value per round.
        first: The side whose block came first, per round.
    """

    operations: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, list[float]] = field(default_factory=dict)
    first: list[str] = field(default_factory=list)


async def measure_rounds(sides: Sequence[Operation], settings: Settings, clock: Clock, chance: random.Random) -> Rounds:
    """Warm up and calibrate each side, then measure round after round.

    Args:
        sides: The candidate, and the control if there is one.
        settings: How much is measured.
        clock: Tells the time.
        chance: Draws the order of each round; the same seed draws the same orders.

    Raises:
        BaseException: Whatever an awaitable raises ends the measurement.
    """
    end = clock.now() + settings.max_seconds
    measured = Rounds()
    with frozen_heap():
        await _calibrate(measured, sides, settings, clock)
        for number in range(settings.rounds):
            if number >= LEAST_ROUNDS and clock.now() >= end:
                break
            await _round(measured, chance.sample(sides, len(sides)), clock)
    return measured


async def _calibrate(measured: Rounds, sides: Sequence[Operation], settings: Settings, clock: Clock) -> None:
    for side in sides:
        await warm_up(side, settings.min_block_seconds, clock)
        measured.operations[side.side] = await calibrate(side, settings.min_block_seconds, clock)
        measured.seconds[side.side] = []


async def _round(measured: Rounds, order: Sequence[Operation], clock: Clock) -> None:
    measured.first.append(order[0].side)
    for side in order:
        seconds = await time_block(side, measured.operations[side.side], clock)
        measured.seconds[side.side].append(seconds)
