"""How does the kit use psqlpy? Through its own pool, a connection per statement."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import psqlpy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence


class Adapter:
    """psqlpy with its own pool."""

    title = "psqlpy"
    driver = f"psqlpy {version('psqlpy')}"
    placeholder = "$1"

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn

    def pool(self, size: int) -> Any:
        """Open a pool."""
        # Its smallest pool has two connections.
        return psqlpy.ConnectionPool(dsn=self.dsn, max_db_pool_size=max(size, 2))

    async def fetch(self, pool: Any, sql: str, *parameters: object) -> Sequence[Sequence[Any]]:
        """Run a statement on a connection of the pool, or in a transaction."""
        if isinstance(pool, psqlpy.ConnectionPool):
            async with pool.acquire() as connection:
                return await self.fetch(connection, sql, *parameters)
        # With an empty list it would prepare the statement, and keep it.
        answer = await pool.execute(sql, list(parameters) or None)
        return [tuple(row.values()) for row in answer.result()]

    def close_pool(self, pool: Any) -> None:
        """Close it."""
        pool.close()

    def sqlstate(self, error: BaseException) -> str | None:
        """No attribute has it; its text may."""
        found = re.search(r"SqlState\((?:E?)\"?(\w{5})", str(error))
        return found.group(1) if found else None

    def statistics(self, pool: Any) -> tuple[int, int]:
        """Its own statistics."""
        found = pool.status()
        return found.size, found.available

    @asynccontextmanager
    async def transaction(self, pool: Any) -> AsyncIterator[Any]:
        """A connection in a transaction."""
        async with pool.acquire() as connection, connection.transaction() as transaction:
            yield transaction
