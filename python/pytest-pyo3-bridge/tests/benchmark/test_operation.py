"""What is one operation, and what ends a benchmark? Callables of all kinds in, awaited calls or a clear error out."""

from __future__ import annotations

import asyncio
import inspect
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from pytest_pyo3_bridge.benchmark import operation as module
from pytest_pyo3_bridge.benchmark.operation import Operation, together

if TYPE_CHECKING:
    from collections.abc import Generator


# After this time, in seconds, what hangs is a failure.
PATIENCE = 10


class Plain:
    """What an extension without coroutines returns: an object with `__await__` alone."""

    awaited = 0

    def __await__(self) -> Generator[Any, None, None]:
        yield from asyncio.sleep(0).__await__()
        Plain.awaited += 1


class Gauge:
    """How many calls are under way, and how many were at most."""

    def __init__(self) -> None:
        self.now = 0
        self.most = 0
        self.ended = 0
        self.cancelled = 0

    async def call(self) -> None:
        """Take two turns of the loop."""
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        self.now -= 1
        self.ended += 1

    async def wait(self) -> None:
        """Wait until cancelled, and take two turns of the loop to end."""
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            self.cancelled += 1
            raise


def test_an_object_with_await_alone_is_awaited() -> None:
    Plain.awaited = 0

    async def run() -> None:
        operation = Operation("candidate", Plain)
        await operation.probe()
        await operation.repeat(3)

    asyncio.run(asyncio.wait_for(run(), PATIENCE))
    assert Plain.awaited == 4


def test_a_callable_that_returns_no_awaitable_is_told_what_to_do() -> None:
    with pytest.raises(TypeError, match=r"(?s)the control returned an int, .*hint: .*lambda: .*pytest-benchmark"):
        asyncio.run(Operation("control", lambda: 1).probe())  # type: ignore[arg-type, return-value]


def test_a_coroutine_in_the_place_of_its_function_is_refused_and_closed() -> None:
    coroutine = Gauge().call()
    with pytest.raises(TypeError, match=r"(?s)the candidate is a coroutine and cannot be called.*hint:"):
        Operation("candidate", coroutine)  # type: ignore[arg-type]
    assert inspect.getcoroutinestate(coroutine) == inspect.CORO_CLOSED


def test_one_at_a_time_is_one_at_a_time() -> None:
    gauge = Gauge()
    asyncio.run(Operation("candidate", gauge.call).repeat(5))
    assert (gauge.most, gauge.ended) == (1, 5)


def test_concurrency_awaits_as_many_at_once() -> None:
    gauge = Gauge()
    asyncio.run(Operation("candidate", gauge.call, concurrency=7).repeat(3))
    assert (gauge.most, gauge.ended) == (7, 21)


@pytest.mark.parametrize("concurrency", [1, 4])
def test_an_error_of_an_awaitable_ends_the_operation(concurrency: int) -> None:
    async def fail() -> None:
        message = "from the other side"
        raise LookupError(message)

    with pytest.raises(LookupError, match="from the other side"):
        asyncio.run(Operation("candidate", fail, concurrency).repeat(1))


def test_an_error_cancels_the_others_and_waits_until_they_have_ended() -> None:
    gauge = Gauge()
    calls = iter(range(3))

    async def fail_last() -> None:
        if next(calls) < 2:
            await gauge.wait()
        await asyncio.sleep(0)
        raise LookupError

    async def run() -> None:
        with pytest.raises(LookupError):
            await together(fail_last, 3)
        assert gauge.cancelled == 2

    asyncio.run(asyncio.wait_for(run(), PATIENCE))


def test_a_callable_that_raises_among_others_leaves_none_behind() -> None:
    calls = iter(range(3))
    gauge = Gauge()

    def call() -> Any:
        if next(calls) == 2:
            raise LookupError
        return gauge.wait()

    async def run() -> None:
        before = asyncio.all_tasks()
        with pytest.raises(LookupError):
            await together(call, 3)
        assert asyncio.all_tasks() == before

    asyncio.run(asyncio.wait_for(run(), PATIENCE))


def test_what_does_not_heed_its_cancellation_does_not_hold_the_error_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEAVE_SECONDS", 0.01)
    calls = iter(range(2))

    async def run() -> None:
        freed = asyncio.Event()

        async def deaf() -> None:
            if next(calls) == 1:
                raise LookupError
            while not freed.is_set():
                with suppress(asyncio.CancelledError):
                    await freed.wait()

        try:
            with pytest.raises(LookupError):
                await together(deaf, 2)
        finally:
            freed.set()

    asyncio.run(asyncio.wait_for(run(), PATIENCE))


def test_concurrency_without_asyncio_is_refused_with_a_way_out() -> None:
    async def nothing() -> None:
        pass

    probe = Operation("candidate", nothing, concurrency=2).probe()
    with pytest.raises(RuntimeError, match=r"(?s)no asyncio loop runs here.*hint: .*gather inside the callable"):
        probe.send(None)
