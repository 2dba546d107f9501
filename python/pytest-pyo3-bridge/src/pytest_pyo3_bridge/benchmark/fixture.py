"""What does a test call to be measured? A candidate and its control in, a comparison out, kept for the report."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any

from pytest_pyo3_bridge.benchmark.block import performance_clock
from pytest_pyo3_bridge.benchmark.comparison import Comparison, Samples
from pytest_pyo3_bridge.benchmark.document import Measured, Place
from pytest_pyo3_bridge.benchmark.interval import ratio_of_rounds
from pytest_pyo3_bridge.benchmark.operation import Operation, asyncio_runs
from pytest_pyo3_bridge.benchmark.rounds import Settings, measure_rounds

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pytest_pyo3_bridge.benchmark.block import Clock
    from pytest_pyo3_bridge.benchmark.kept_loop import KeptLoop
    from pytest_pyo3_bridge.benchmark.rounds import Rounds


class BridgeBenchmark:
    """The value of the fixture `bridge_benchmark`: call it in a plain test, await its `measure` in an `async def` test.

    Args:
        place: Which test it serves.
        results: Where each result is added, in its order.
        seed: What orders and intervals are drawn from, together with the place.
        loop: Where the benchmarks of plain tests run.
        clock: Tells the time.
    """

    def __init__(
        self, place: Place, results: list[Measured], seed: int, loop: KeptLoop, clock: Clock | None = None
    ) -> None:
        self._place = place
        self._results = results
        self._seed = seed
        self._loop = loop
        self._clock = clock or performance_clock()
        self._measured: set[str] = set()

    def __call__(
        self,
        candidate: Callable[[], Awaitable[Any]],
        control: Callable[[], Awaitable[Any]] | None = None,
        **options: Any,
    ) -> Comparison:
        """Measure in a plain test, on the loop that is kept for the session (fixture `bridge_benchmark_loop`).

        Args:
            candidate: A callable without arguments that returns an awaitable.
            control: What the candidate is compared with, likewise.
            **options: The options of `measure`: `label`, `rounds`, `min_block_seconds`, `max_seconds`, `concurrency`.

        Returns:
            Samples and medians of both sides and, with a control, their ratio.

        Raises:
            RuntimeError: A loop runs here: the test is `async def`, and has to await `measure`.
            BaseException: What `measure` raises.
        """
        if asyncio_runs():
            message = (
                "bridge_benchmark(…) runs a loop of its own, and one runs here already\n"
                "hint: in an `async def` test, write `await bridge_benchmark.measure(…)`"
            )
            raise RuntimeError(message)
        return self._loop.run(self.measure(candidate, control, **options))

    async def measure(  # noqa: PLR0913  each is an option of its own, by keyword
        self,
        candidate: Callable[[], Awaitable[Any]],
        control: Callable[[], Awaitable[Any]] | None = None,
        *,
        label: str | None = None,
        rounds: int = Settings.rounds,
        min_block_seconds: float = Settings.min_block_seconds,
        max_seconds: float = Settings.max_seconds,
        concurrency: int = Settings.concurrency,
    ) -> Comparison:
        """Measure on the loop that runs here.

        Args:
            candidate: A callable without arguments that returns an awaitable, such as a coroutine function.
            control: What the candidate is compared with, likewise; without it there is no ratio.
            label: Tells the benchmarks of one test apart; a test with several gives each its own.
            rounds: How many blocks of each side are timed.
            min_block_seconds: The least duration of a block, in seconds.
            max_seconds: When this time is over, in seconds, no further round begins; five are measured in any case.
            concurrency: How many awaitables one operation gathers at once. Times are per operation.

        Returns:
            Samples and medians of both sides and, with a control, their ratio.

        Raises:
            TypeError: The candidate or the control cannot be called, or returns no awaitable.
            ValueError: An option is out of its range, or the test has measured under this label already.
            RuntimeError: `concurrency` is above 1, and the loop is not asyncio's.
            BaseException: Whatever an awaitable raises; there is no result then.
        """
        settings = Settings(rounds, min_block_seconds, max_seconds, concurrency)
        place = self._new_place(label)
        sides = [Operation("candidate", candidate, concurrency)]
        if control is not None:
            sides.append(Operation("control", control, concurrency))
        measured = await measure_rounds(sides, settings, self._clock, self._chance("order", place))
        comparison = self._compare(place, settings, measured)
        self._keep(Measured(place, comparison))
        return comparison

    def _new_place(self, label: str | None) -> Place:
        given = self._place
        place = Place(given.name, given.fullname, label, given.param, given.params)
        if place.group in self._measured:
            message = (
                f"{place.group} was measured already, and a second result would hide the first\n"
                'hint: give each benchmark of a test a label of its own: label="…"'
            )
            raise ValueError(message)
        return place

    def _keep(self, measured: Measured) -> None:
        group = measured.place.group
        self._measured.add(group)
        # A test that runs a second time, for a plugin that repeats it, replaces its first result: a name is unique.
        self._results[:] = [other for other in self._results if other.place.group != group]
        self._results.append(measured)

    def _compare(self, place: Place, settings: Settings, measured: Rounds) -> Comparison:
        samples = {
            side: Samples(side, measured.operations[side], tuple(seconds)) for side, seconds in measured.seconds.items()
        }
        candidate, control = samples["candidate"], samples.get("control")
        ratio = None
        if control is not None:
            ratio = ratio_of_rounds(control.seconds, candidate.seconds, self._chance("interval", place))
        first = tuple(measured.first)
        return Comparison(candidate, control, ratio, first, self._seed, settings, _running_loop())

    def _chance(self, use: str, place: Place) -> random.Random:
        # Of the place too: a test draws the same orders whether it runs alone or among others.
        return random.Random(f"{self._seed} {use} {place.group}")  # noqa: S311  chance here is for statistics


def _running_loop() -> str | None:
    if not asyncio_runs():
        return None
    kind = type(asyncio.get_running_loop())
    return f"{kind.__module__}.{kind.__qualname__}"
