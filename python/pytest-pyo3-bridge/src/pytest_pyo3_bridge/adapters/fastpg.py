"""How does the kit use fastpg? Through its own pool, with a statement per connection at a time."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import fastpg

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence


class Adapter:
    """fastpg with its own pool."""

    title = "fastpg"
    driver = f"fastpg {fastpg.__version__}"
    placeholder = "$1"

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn

    def pool(self, size: int) -> Any:
        """Open a pool."""
        # So that as many statements run at once as there are connections, as with other pools.
        return fastpg.create_pool(self.dsn, min_size=1, max_size=size, max_inflight_per_conn=1)

    async def fetch(self, pool: Any, sql: str, *parameters: object) -> Sequence[Sequence[Any]]:
        """Run a statement."""
        rows: Sequence[Sequence[Any]] = await pool.select_many(sql, *parameters)
        return rows

    async def close_pool(self, pool: Any) -> None:
        """Close it."""
        await pool.close()

    def sqlstate(self, error: BaseException) -> str | None:
        """Every error of the server's has one."""
        return getattr(error, "sqlstate", None) or None

    def statistics(self, pool: Any) -> tuple[int, int]:
        """Its own statistics."""
        found = pool.stats()
        return found.size, found.idle

    @asynccontextmanager
    async def transaction(self, pool: Any) -> AsyncIterator[Any]:
        """A connection in a transaction."""
        async with pool.transaction() as transaction:
            yield transaction
