"""How does the conformance kit use this repository's own pool? Over the bridge of ``POOL_TEST_BRIDGE``."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from fraiseql import PrototypePool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable

    from fraiseql import Connection

# The verdict on the bridge is given on pyo3-async-runtimes' own way to asyncio.
BRIDGE: Any = os.environ.get("POOL_TEST_BRIDGE", "future_into_py")


class Adapter:
    """PrototypePool."""

    title = "PrototypePool"
    driver = f"{BRIDGE}, fraiseql-prototype {version('fraiseql-prototype')}"
    placeholder = "$1"
    resets = True

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn

    def pool(self, size: int) -> PrototypePool:
        """Make a pool; it dials at its first query."""
        return PrototypePool.from_dsn(self.dsn, max_connections=size, bridge=BRIDGE)

    def fetch(self, pool: PrototypePool | Connection, sql: str, *parameters: object) -> Awaitable[Any]:
        """Run a statement."""
        return pool.fetch(sql, *parameters)

    @asynccontextmanager
    async def transaction(self, pool: PrototypePool) -> AsyncIterator[Connection]:
        """Hold a connection with a transaction on it."""
        async with pool.acquire() as connection, connection.transaction():
            yield connection

    def close_pool(self, pool: PrototypePool) -> Awaitable[None]:
        """Close it."""
        return pool.close()

    def sqlstate(self, error: BaseException) -> str | None:
        """Every error of the server's has one."""
        return getattr(error, "sqlstate", None)

    def statistics(self, pool: PrototypePool) -> tuple[int, int]:
        """Its own statistics."""
        found = pool.pool_status()
        return found["size"], found["available"]
