"""Is one loop kept, and is nothing left on it at its end? Coroutines in, results and ended tasks out."""

from __future__ import annotations

import asyncio
import inspect
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from pytest_pyo3_bridge.benchmark import kept_loop
from pytest_pyo3_bridge.benchmark.kept_loop import KeptLoop

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def loop() -> Iterator[KeptLoop]:
    loop = KeptLoop()
    yield loop
    loop.close()


async def running_loop() -> asyncio.AbstractEventLoop:
    """Return the loop that runs this."""
    return asyncio.get_running_loop()


def test_all_runs_have_the_same_loop_until_it_is_closed(loop: KeptLoop) -> None:
    first, second = loop.run(running_loop()), loop.run(running_loop())
    assert first is second
    loop.close()
    assert first.is_closed()


def test_no_loop_is_made_before_it_is_needed() -> None:
    def new_loop() -> asyncio.AbstractEventLoop:
        raise AssertionError

    KeptLoop(new_loop).close()


def test_the_loop_is_made_by_the_function_that_is_given() -> None:
    class Own(asyncio.SelectorEventLoop):
        pass

    loop = KeptLoop(Own)
    try:
        assert type(loop.run(running_loop())) is Own
    finally:
        loop.close()


def test_a_task_that_is_left_goes_on_in_the_next_run_and_ends_with_the_loop(loop: KeptLoop) -> None:
    ticks = []

    async def tick() -> None:
        try:
            while True:
                ticks.append("tick")
                await asyncio.sleep(0)
        finally:
            ticks.append("end")

    async def leave() -> asyncio.Task[None]:
        return asyncio.ensure_future(tick())

    task = loop.run(leave())
    before = ticks.count("tick")
    loop.run(asyncio.sleep(0))
    assert ticks.count("tick") > before
    loop.close()
    assert (task.cancelled(), ticks[-1]) == (True, "end")


def test_an_error_is_raised_and_the_loop_stays(loop: KeptLoop) -> None:
    async def fail() -> None:
        raise LookupError

    first = loop.run(running_loop())
    with pytest.raises(LookupError):
        loop.run(fail())
    assert loop.run(running_loop()) is first


def test_an_interrupt_ends_the_coroutine_before_it_is_raised(loop: KeptLoop) -> None:
    ended = []

    def interrupt() -> None:
        raise KeyboardInterrupt

    async def wait() -> None:
        asyncio.get_running_loop().call_soon(interrupt)
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("ended")

    with pytest.raises(KeyboardInterrupt):
        loop.run(wait())
    assert ended == ["ended"]


def test_a_task_that_does_not_heed_its_cancellation_does_not_hold_the_session_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(kept_loop, "LEAVE_SECONDS", 0.01)
    deaf = True

    async def stay() -> None:
        while deaf:
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(60)

    async def leave() -> None:
        asyncio.get_running_loop().deaf = asyncio.ensure_future(stay())  # type: ignore[attr-defined]
        await asyncio.sleep(0)

    loop = KeptLoop()
    inner = loop.run(running_loop())
    loop.run(leave())
    with caplog.at_level(logging.CRITICAL, "asyncio"):
        loop.close()
        assert inner.is_closed()
        deaf = False
        del inner


def test_where_a_loop_runs_already_a_second_one_is_refused(loop: KeptLoop) -> None:
    async def outer() -> None:
        inner = running_loop()
        with pytest.raises(RuntimeError, match=r"(?s)a loop runs here already.*hint: await"):
            loop.run(inner)
        assert inspect.getcoroutinestate(inner) == inspect.CORO_CLOSED

    asyncio.run(outer())
