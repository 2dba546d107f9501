"""What happens to a thousand queries when their server is struck, and to the thousand after them?"""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING

import pytest

from fraiseql import CannotConnectError, ConnectionLostError, OperationalError, PrototypePool, ServerShutdownError
from own_server import OwnServer, installed, own_server
from pool_server import DEADLINE, settled

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    Strike = Callable[[OwnServer, PrototypePool], Awaitable[None]]

COUNT = 1000
SQL = "select $1::int from pg_sleep(0.005)"
# The errors that a query may get: its session went away, the server is stopping, or no server accepts a connection.
TOLD = (ConnectionLostError, ServerShutdownError, CannotConnectError)

pytestmark = pytest.mark.skipif(not installed(), reason="no initdb and postgres on PATH to start a server with")


@pytest.fixture(scope="module")
def server() -> Iterator[OwnServer]:
    with own_server() as server:
        yield server


async def kill_a_backend(_: OwnServer, watch: PrototypePool) -> None:
    """Kill a backend as the kernel does when memory is short. The server then ends every session, and recovers."""
    pid = await watch.fetchval("select pid from pg_stat_activity where query like '%pg_sleep(0.005)' limit 1")
    os.kill(pid, signal.SIGKILL)


def restart(how: signal.Signals) -> Strike:
    async def strike(server: OwnServer, _: PrototypePool) -> None:
        server.stop(how)
        # Long enough that some queries also meet a closed port.
        await asyncio.sleep(0.2)
        await asyncio.get_running_loop().run_in_executor(None, server.start)

    return strike


def thousand(pool: PrototypePool) -> list[asyncio.Future[int]]:
    return [asyncio.ensure_future(pool.fetchval(SQL, number)) for number in range(COUNT)]


async def lets_in(pool: PrototypePool) -> bool:
    try:
        return await pool.health_check()
    except OperationalError:
        return False


async def healed(pool: PrototypePool) -> None:
    """Wait until the server accepts this pool again."""
    deadline = asyncio.get_running_loop().time() + DEADLINE
    while not await lets_in(pool):
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    "strike",
    [
        pytest.param(kill_a_backend, id="kill -9 of a backend"),
        pytest.param(restart(signal.SIGINT), id="fast restart"),
        pytest.param(restart(signal.SIGQUIT), id="immediate restart"),
    ],
)
async def test_every_query_ends_and_the_pool_heals(server: OwnServer, strike: Strike) -> None:
    async with PrototypePool(**server.settings, max_connections=10) as pool:
        async with PrototypePool(**server.settings, max_connections=1) as watch:
            await watch.health_check()
            queries = thousand(pool)
            await asyncio.wait(queries[:100])
            await strike(server, watch)
        _, pending = await asyncio.wait(queries, timeout=DEADLINE)
        assert not pending
        failures = [query.exception() for query in queries]
        assert all(isinstance(failure, TOLD) for failure in failures if failure)
        assert any(failures), "the strike hit nobody"
        assert all(failure or query.result() == n for n, (query, failure) in enumerate(zip(queries, failures)))
        await healed(pool)
        assert await asyncio.wait_for(asyncio.gather(*thousand(pool)), DEADLINE) == list(range(COUNT))
        assert (await settled(pool))["available"] == pool.pool_status()["size"]
