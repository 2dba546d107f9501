"""How is a query asked through each way to Postgres? One small adapter per driver, all with the same pool size.

Each driver's pool runs with its defaults. psycopg's pool opens a transaction around every query, and its rows are
Python tuples; the prototype's rows are JSON text. `settings` records this in every result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from psycopg_pool import AsyncConnectionPool

from database import BRIDGE, DB_CONFIG, conninfo
from fraiseql._fraiseql_rs import PrototypePool

if TYPE_CHECKING:
    from collections.abc import Sequence

POOL_SIZE = 10


class Driver(Protocol):
    """A pool that answers queries."""

    label: str
    settings: str

    async def open(self) -> None:
        """Connect; what it costs is not measured."""

    async def fetch(self, sql: str) -> Sequence[Any]:
        """Run a query and return all of its rows."""

    async def close(self) -> None:
        """Disconnect."""


class Psycopg:
    """The control: psycopg's own asyncio pool."""

    label = "psycopg"
    settings = "AsyncConnectionPool, a transaction around every query (its default), rows as tuples"

    def __init__(self) -> None:
        self._pool = AsyncConnectionPool(kwargs=conninfo(), min_size=POOL_SIZE, max_size=POOL_SIZE, open=False)

    async def open(self) -> None:
        """Fill the pool."""
        await self._pool.open(wait=True)

    async def fetch(self, sql: str) -> Sequence[Any]:
        """Borrow a connection for one query."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(sql.encode())
            return await cursor.fetchall()

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.close()


class Prototype:
    """The candidate: the pool under test."""

    label = "prototype"
    settings = f"PrototypePool over {BRIDGE}, each statement by itself, rows as JSON text"

    def __init__(self) -> None:
        settings = {**DB_CONFIG, "max_connections": POOL_SIZE, "bridge": BRIDGE}
        self._pool: PrototypePool | None = PrototypePool(**settings)

    async def open(self) -> None:
        """Do nothing: the pool connects when it needs to, and every measurement warms up first."""

    async def fetch(self, sql: str) -> Sequence[Any]:
        """Ask the pool."""
        assert self._pool is not None
        rows: Sequence[Any] = await self._pool.execute_query(sql)
        return rows

    async def close(self) -> None:
        """Drop the pool, which closes its connections."""
        self._pool = None
