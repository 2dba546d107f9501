"""How does the kit use asyncpg? Through its own pool, which resets each session."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import asyncpg

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable


class Adapter:
    """asyncpg with its own pool."""

    title = "asyncpg"
    driver = f"asyncpg {asyncpg.__version__}"
    placeholder = "$1"
    resets = True

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn

    def pool(self, size: int) -> Any:
        """Open a pool."""
        return asyncpg.create_pool(self.dsn, min_size=0, max_size=size)

    def fetch(self, pool: Any, sql: str, *parameters: object) -> Awaitable[Any]:
        """Run a statement."""
        found: Awaitable[Any] = pool.fetch(sql, *parameters)
        return found

    async def close_pool(self, pool: Any) -> None:
        """Close it."""
        await pool.close()

    def sqlstate(self, error: BaseException) -> str | None:
        """Every error of the server's has one."""
        return getattr(error, "sqlstate", None)

    def statistics(self, pool: Any) -> tuple[int, int]:
        """Its own statistics."""
        return pool.get_size(), pool.get_idle_size()

    @asynccontextmanager
    async def transaction(self, pool: Any) -> AsyncIterator[Any]:
        """A connection in a transaction."""
        async with pool.acquire() as connection, connection.transaction():
            yield connection
