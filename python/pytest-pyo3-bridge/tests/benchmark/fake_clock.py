"""How is timing tested without time? A clock that only the operations under test move."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from pytest_pyo3_bridge.benchmark.block import Clock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable


class FakeClock:
    """A clock that stands still until something takes time."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.calls: list[str] = []

    def clock(self, resolution: float = 1e-9) -> Clock:
        """Return it as what the benchmark reads."""
        return Clock(lambda: self.seconds, resolution, "fake")

    def takes(self, seconds: float, name: str = "") -> Callable[[], Awaitable[None]]:
        """Return an operation that takes so many seconds, and notes its name."""

        async def operation() -> None:
            self.seconds += seconds
            self.calls.append(name)

        return operation

    def takes_each(self, durations: Iterable[float]) -> Callable[[], Awaitable[None]]:
        """Return an operation whose calls take these seconds, one after the other."""
        left = iter(durations)

        async def operation() -> None:
            self.seconds += next(left)
            self.calls.append("")

        return operation


def chance(seed: int = 0) -> random.Random:
    """Return a generator with a seed."""
    return random.Random(seed)
