"""How does the kit use psycopg 3? Through psycopg_pool, a connection per statement, as its documentation shows it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import psycopg_pool

from pytest_pyo3_bridge.patience import patient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

# Seconds until the pool gives up on a connection: its own default is longer than the kit waits for an answer.
TIMEOUT = 4.0


class Adapter:
    """psycopg 3 with its own pool."""

    title = "psycopg"
    driver = f"psycopg {psycopg.__version__}, psycopg_pool {psycopg_pool.__version__}"
    placeholder = "%s"

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn

    async def pool(self, size: int) -> Any:
        """Open a pool."""
        timeout = patient(TIMEOUT)
        pool: Any = psycopg_pool.AsyncConnectionPool(
            self.dsn, min_size=0, max_size=size, open=False, timeout=timeout, reconnect_timeout=timeout
        )
        await pool.open()
        return pool

    async def fetch(self, pool: Any, sql: str, *parameters: object) -> Sequence[Sequence[Any]]:
        """Run a statement in a transaction of its own, or in that of a connection."""
        if isinstance(pool, psycopg.AsyncConnection):
            cursor = await pool.execute(sql, parameters or None)
            return await cursor.fetchall() if cursor.description else []
        async with pool.connection() as connection:
            return await self.fetch(connection, sql, *parameters)

    async def close_pool(self, pool: Any) -> None:
        """Close it."""
        await pool.close()

    def sqlstate(self, error: BaseException) -> str | None:
        """Every error of psycopg's has one, or None."""
        return getattr(error, "sqlstate", None)

    def statistics(self, pool: Any) -> tuple[int, int]:
        """Its own statistics."""
        found = pool.get_stats()
        return found["pool_size"], found["pool_available"]

    @asynccontextmanager
    async def transaction(self, pool: Any) -> AsyncIterator[Any]:
        """A connection in a transaction."""
        async with pool.connection() as connection, connection.transaction():
            yield connection
