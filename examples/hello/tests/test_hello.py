"""Does the awaitable end, and can it be cancelled?"""

from __future__ import annotations

import asyncio
import time

import hello
import pytest


async def test_it_ends() -> None:
    began = time.monotonic()
    await asyncio.wait_for(hello.sleep(0.05), 10)
    assert time.monotonic() - began >= 0.05


async def test_it_can_be_cancelled() -> None:
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(hello.sleep(60), 0.05)
