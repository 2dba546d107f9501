"""What does a check get? The adapter to ask, how long to look, a seeded chance, and programs of its own."""

from __future__ import annotations

import asyncio
import inspect
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_pyo3_bridge.catalogue import Depth
from pytest_pyo3_bridge.patience import patient

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pytest_pyo3_bridge.postgres.server import Bench
    from pytest_pyo3_bridge.program import Programs

T = TypeVar("T")

# A single answer that takes longer never comes: nothing here asks for work of more than a second.
DEADLINE = 8.0


class Late(AssertionError):  # noqa: N818 (it is a finding)
    """An answer did not come in time: the check hangs, and its stacks were taken before it went on."""


class Inapplicable(Exception):  # noqa: N818 (it is no error)
    """The check cannot be made here. The text is the reason that the report shows."""


@dataclass
class Trial:
    """One check on one adapter.

    Attributes:
        make: makes a core adapter; whoever makes one gives it to `release`.
        depth: how long to look.
        seed: what `chance` and programs are seeded with, printed with a finding.
        programs: starts programs of the kit in processes of their own.
        bench: for Postgres checks, the server, the driver's adapter and an observer of its own.
        notes: what the report shows beside the outcome.
    """

    make: Callable[[], Any]
    depth: Depth
    seed: int
    programs: Programs
    bench: Bench | None = None
    notes: dict[str, Any] = field(default_factory=dict)
    made: list[Any] = field(default_factory=list)
    chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)  # noqa: S311 (it decides when to cancel)

    @property
    def adapter(self) -> Any:
        """The core adapter of this check; made at first use."""
        if not self.made:
            self.made.append(self.make())
        return self.made[0]

    def count(self, quick: int, default: int, soak: int) -> int:
        """Return how often something is done at this depth."""
        return {Depth.QUICK: quick, Depth.DEFAULT: default, Depth.SOAK: soak}[self.depth]

    def note(self, name: str, value: Any) -> None:
        """Keep a measurement, or a behaviour that is free, for the report."""
        self.notes[name] = value

    async def release(self) -> None:
        """Close the adapters of this check, and what it opened at servers."""
        try:
            while self.made:
                await close(self.made.pop())
        finally:
            if self.bench is not None:
                await self.bench.release()


async def close(adapter: Any) -> None:
    """Close an adapter, if it can be closed."""
    closing = getattr(adapter, "close", None)
    if closing is not None:
        ended = closing()
        if inspect.isawaitable(ended):
            await within(ended)


async def within(awaitable: Awaitable[T], seconds: float = DEADLINE) -> T:
    """Await with a deadline, which `--bridge-patience` multiplies.

    Raises:
        Late: if it did not end in time.
    """
    # Not wait_for: a cancellation that the other side ignores would hold it up for ever.
    seconds = patient(seconds)
    work = asyncio.ensure_future(awaitable)
    done, _ = await asyncio.wait({work}, timeout=seconds)
    if not done:
        try:
            await too_late(f"no answer came within {seconds:g} s")
        finally:
            work.cancel()
    return work.result()


# Has the stacks taken while everything stands where it hangs. The worker sets it; a program of the kit has none.
_report: list[Callable[[], Awaitable[None]]] = []


def report_late_by(report: Callable[[], Awaitable[None]]) -> None:
    """Let `too_late` await this before it raises."""
    _report[:] = [report]


async def too_late(message: str) -> None:
    """Tell that something hangs, while it does.

    Raises:
        Late: always.
    """
    for report in _report:
        await report()
    raise Late(message)
