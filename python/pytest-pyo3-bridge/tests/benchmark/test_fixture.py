"""What does a test get from the fixture? Callables and options in, a comparison or an error out; without pytest."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from pytest_pyo3_bridge.benchmark.document import Measured, Place
from pytest_pyo3_bridge.benchmark.fixture import BridgeBenchmark
from pytest_pyo3_bridge.benchmark.kept_loop import KeptLoop

from .fake_clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator

PLACE = Place("test_one", "test_file.py::test_one")
QUICK: dict[str, Any] = {"rounds": 6, "min_block_seconds": 0.001, "max_seconds": 1e6}


class Bench:
    """A fixture on a clock that only its operations move, and what it has kept."""

    def __init__(self, loop: KeptLoop) -> None:
        self.fake = FakeClock()
        self.results: list[Measured] = []
        self.loop = loop

    def fixture(self, place: Place = PLACE, seed: int = 1) -> BridgeBenchmark:
        """Return the fixture of a test."""
        return BridgeBenchmark(place, self.results, seed, self.loop, self.fake.clock())


@pytest.fixture
def bench() -> Iterator[Bench]:
    loop = KeptLoop()
    yield Bench(loop)
    loop.close()


def test_a_comparison_has_both_medians_and_their_ratio(bench: Bench) -> None:
    found = bench.fixture()(bench.fake.takes(0.5), bench.fake.takes(1.5), **QUICK)
    assert found.control is not None
    assert found.ratio is not None
    assert (found.candidate.median, found.control.median) == (0.5, 1.5)
    assert (found.ratio.estimate, found.ratio.low, found.ratio.high) == (3, 3, 3)
    assert (found.rounds, found.noise, found.seed) == (6, 0, 1)
    assert [kept.comparison for kept in bench.results] == [found]


def test_without_a_control_there_is_no_ratio(bench: Bench) -> None:
    found = bench.fixture()(bench.fake.takes(0.5), **QUICK)
    assert (found.control, found.ratio, found.sides) == (None, None, (found.candidate,))


def test_the_noise_is_that_of_the_noisier_side(bench: Bench) -> None:
    samples = iter([1.0] * 3 + [1.0, 1.0, 0.8, 1.2, 0.8, 1.2])
    found = bench.fixture()(bench.fake.takes(1), bench.fake.takes_each(samples), **QUICK)
    assert found.noise == pytest.approx(0.2)


def test_measure_runs_on_the_loop_that_is_there(bench: Bench) -> None:
    loops = set()

    async def candidate() -> None:
        loops.add(asyncio.get_running_loop())
        bench.fake.seconds += 1

    async def run() -> None:
        found = await bench.fixture().measure(candidate, **QUICK)
        assert loops == {asyncio.get_running_loop()}
        assert found.loop == f"{type(asyncio.get_running_loop()).__module__}.{type(next(iter(loops))).__qualname__}"

    asyncio.run(run())


def test_plain_calls_share_one_loop(bench: Bench) -> None:
    loops = set()

    async def candidate() -> None:
        loops.add(asyncio.get_running_loop())
        bench.fake.seconds += 1

    bench.fixture(Place("a", "a"))(candidate, **QUICK)
    bench.fixture(Place("b", "b"))(candidate, **QUICK)
    assert len(loops) == 1


def test_a_plain_call_where_a_loop_runs_says_what_to_write(bench: Bench) -> None:
    async def run() -> None:
        with pytest.raises(RuntimeError, match=r"hint: .*`await bridge_benchmark.measure\("):
            bench.fixture()(bench.fake.takes(1))

    asyncio.run(run())


@pytest.mark.parametrize("side", ["candidate", "control"])
def test_an_error_of_either_side_leaves_no_result(bench: Bench, side: str) -> None:
    async def fail() -> None:
        raise LookupError

    sides = {"candidate": bench.fake.takes(1), "control": bench.fake.takes(1), side: fail}
    with pytest.raises(LookupError):
        bench.fixture()(**sides, **QUICK)
    assert bench.results == []


def test_an_error_in_a_late_round_leaves_no_result(bench: Bench) -> None:
    async def tire() -> None:
        bench.fake.seconds += 1
        if bench.fake.seconds > 6:
            raise LookupError

    with pytest.raises(LookupError):
        bench.fixture()(tire, **QUICK)
    assert bench.results == []


def test_concurrency_is_that_of_both_sides_and_of_the_result(bench: Bench) -> None:
    found = bench.fixture()(bench.fake.takes(1), bench.fake.takes(2), concurrency=3, **QUICK)
    assert found.control is not None
    assert (found.candidate.median, found.control.median, found.settings.concurrency) == (3, 6, 3)


def test_the_order_depends_on_seed_and_test_alone(bench: Bench) -> None:
    other = Place("test_other", "test_file.py::test_other")
    sides = (bench.fake.takes(1), bench.fake.takes(1))
    options = {**QUICK, "rounds": 40}
    first = bench.fixture()(*sides, **options).first
    assert bench.fixture(other)(*sides, **options).first != first
    assert bench.fixture(seed=2)(*sides, **options).first != first
    assert bench.fixture()(*sides, **options).first == first


def test_a_second_benchmark_of_a_test_needs_a_label(bench: Bench) -> None:
    fixture = bench.fixture()
    fixture(bench.fake.takes(1), **QUICK)
    with pytest.raises(ValueError, match=r'(?s)test_one was measured already.*hint: .*label="'):
        fixture(bench.fake.takes(1), **QUICK)
    fixture(bench.fake.takes(1), label="second", **QUICK)
    assert [kept.place.group for kept in bench.results] == ["test_file.py::test_one", "test_file.py::test_one[second]"]


def test_a_test_that_runs_again_replaces_its_result(bench: Bench) -> None:
    bench.fixture()(bench.fake.takes(1), **QUICK)
    again = bench.fixture()(bench.fake.takes(2), **QUICK)
    assert [kept.comparison for kept in bench.results] == [again]


def test_an_option_that_does_not_exist_is_an_error(bench: Bench) -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'round'"):
        bench.fixture()(bench.fake.takes(1), round=3)
