"""What becomes of a connection that is being opened when its caller is cancelled?"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from fraiseql import InterfaceError, PrototypePool
from pool_server import DEADLINE, SETTINGS
from relay import relayed

if TYPE_CHECKING:
    from collections.abc import Callable

    from pool_server import MakePool
    from relay import Relay

MOST = 4


async def abandon(pool: PrototypePool, callers: int, relay: Relay, begun: int) -> None:
    """Cancel so many callers once so many connections are being opened."""
    work = [asyncio.ensure_future(pool.fetchval("select 1")) for _ in range(callers)]
    await until(lambda: relay.begun == begun)
    for one in work:
        one.cancel()
    await asyncio.wait(work, timeout=DEADLINE)
    assert all(one.cancelled() for one in work)


async def until(holds: Callable[[], bool]) -> None:
    deadline = asyncio.get_running_loop().time() + DEADLINE
    while not holds():
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.005)


async def test_a_storm_of_cancellations_opens_no_more_connections_than_the_pool_may_have(make_pool: MakePool) -> None:
    async with relayed() as relay:
        pool = make_pool(**relay.settings, max_connections=MOST)
        relay.answers.clear()
        for _ in range(10):
            await abandon(pool, 50, relay, MOST)
        relay.answers.set()
        assert await asyncio.gather(*(pool.fetchval("select 1") for _ in range(20))) == [1] * 20
        assert relay.begun == MOST


async def test_a_connection_that_nobody_waited_for_lies_idle_in_the_pool(make_pool: MakePool) -> None:
    async with relayed() as relay:
        pool = make_pool(**relay.settings, max_connections=MOST)
        relay.answers.clear()
        await abandon(pool, 2, relay, 2)
        assert pool.pool_status()["size"] == 0
        relay.answers.set()
        await until(lambda: pool.pool_status()["available"] > 0)
        assert await pool.fetchval("select 1") == 1
        assert relay.begun == 2


async def test_an_attempt_that_is_stuck_does_not_hold_up_the_next_caller(make_pool: MakePool) -> None:
    async with relayed() as relay:
        # Nothing ends by the pool's own limit here.
        pool = make_pool(**relay.settings, max_connections=1, connect_timeout=60 * DEADLINE)
        relay.answers.clear()
        await abandon(pool, 1, relay, 1)
        await until(lambda: relay.held == 1)
        stuck, relay.answers = relay.answers, asyncio.Event()
        relay.answers.set()
        assert await asyncio.wait_for(pool.fetchval("select 1"), DEADLINE) == 1
        await until(lambda: relay.open == 1)
        assert (relay.begun, stuck.is_set()) == (2, False)


@pytest.mark.parametrize("how", ["close", "drop"])
async def test_a_pool_that_ends_ends_the_attempts_that_nobody_waits_for(how: str) -> None:
    async with relayed() as relay:
        own = {**SETTINGS, **relay.settings, "max_connections": MOST, "connect_timeout": 60 * DEADLINE}
        pool = PrototypePool(**own)
        relay.answers.clear()
        await abandon(pool, MOST, relay, MOST)
        assert relay.open == MOST
        if how == "close":
            await asyncio.wait_for(pool.close(), DEADLINE)
            with pytest.raises(InterfaceError):
                await pool.fetchval("select 1")
        else:
            del pool
        await until(lambda: relay.open == 0)
