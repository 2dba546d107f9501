"""Does the adapter do what its methods say? If not, no other check means anything."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from pytest_pyo3_bridge.catalogue import Level, check
from pytest_pyo3_bridge.trial import Late, within

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from pytest_pyo3_bridge.trial import Trial

WORK = 0.3


@check(
    "core/adapter-works",
    Level.MUST,
    "the adapter's quick() ends without an error, and its slow(0.3) after about as many seconds",
    why="An adapter that is wrong makes all other checks say something of itself, and nothing of the extension.",
    source="https://docs.python.org/3/library/asyncio-future.html#asyncio.ensure_future",
    alone=True,
)
async def adapter_works(trial: Trial) -> None:
    adapter = trial.adapter
    await _ended("quick()", adapter.quick())
    began = time.perf_counter()
    await _ended(f"slow({WORK})", adapter.slow(WORK))
    seconds = time.perf_counter() - began
    assert seconds > WORK / 2, f"the adapter's slow({WORK}) ended after {seconds:.3f} s\nhint: it has to take that long"


async def _ended(call: str, awaitable: Awaitable[Any]) -> None:
    try:
        await within(awaitable)
    except Late:
        raise
    except Exception as error:
        message = f"the adapter's {call} raised {type(error).__name__}: {error}\nhint: mend the adapter first"
        raise AssertionError(message) from error
