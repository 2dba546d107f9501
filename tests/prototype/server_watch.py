"""What is the server doing right now? A second connection of the same role looks, so no answer depends on the pool.

A tag in a comment identifies each query. A role sees the queries of its own sessions, so no superuser is needed.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from typing import TYPE_CHECKING, Any

import psycopg

from database import conninfo

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

# Far longer than any step takes on a busy machine, so a test reaches it only when something is broken.
DEADLINE_SECONDS = 10.0
POLL_SECONDS = 0.005


def tagged(sql: str) -> tuple[str, str]:
    """Return a new tag, and the query with the tag in it."""
    tag = uuid.uuid4().hex
    return tag, f"/* {tag} */ {sql}"


class ServerWatch:
    """A connection that reads pg_stat_activity and can hold a barrier for the queries of others."""

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self._connection = connection
        # Advisory locks are shared in a database, and two test runs on one database must not use the same lock.
        self._barrier = uuid.uuid4().int >> 65

    @classmethod
    async def open(cls) -> ServerWatch:
        """Connect to the server of the tests."""
        return cls(await psycopg.AsyncConnection.connect(**conninfo(), autocommit=True, connect_timeout=10))

    async def close(self) -> None:
        """Disconnect; the server drops what this connection held."""
        await self._connection.close()

    async def running(self, tag: str) -> int:
        """Count the sessions that are executing a query with this tag."""
        return await self._count("state = 'active' AND query LIKE %s", f"%{tag}%")

    async def waiting(self, tag: str) -> int:
        """Count the sessions in which a query with this tag waits at the barrier."""
        return await self._count("state = 'active' AND wait_event = 'advisory' AND query LIKE %s", f"%{tag}%")

    async def sessions(self) -> int:
        """Count the other client sessions of this role in this database."""
        return await self._count("backend_type = 'client backend' AND usename = current_user")

    async def alive(self, backend: int) -> int:
        """Count the sessions with this process id: one or none."""
        return await self._count("pid = %s", backend)

    async def until(self, count: Callable[[], Awaitable[int]], expected: int, what: str) -> None:
        """Poll until the count is as expected. After the deadline, fail with the last count."""
        give_up = time.monotonic() + DEADLINE_SECONDS
        while (seen := await count()) != expected:
            if time.monotonic() > give_up:
                message = f"{what}: expected {expected} on the server within {DEADLINE_SECONDS:.0f} s, got {seen}"
                raise AssertionError(message)
            await asyncio.sleep(POLL_SECONDS)

    async def until_running(self, tag: str, expected: int) -> None:
        """Wait until that many queries with this tag are being executed."""
        await self.until(lambda: self.running(tag), expected, "queries being executed")

    async def until_waiting(self, tag: str, expected: int) -> None:
        """Wait until that many queries with this tag wait at the barrier, which proves that they run together."""
        await self.until(lambda: self.waiting(tag), expected, "queries at the barrier")

    async def raise_barrier(self) -> str:
        """Take the lock. Return the SQL expression that makes a query wait until the barrier is lowered."""
        await self._connection.execute("SELECT pg_advisory_lock(%s)", [self._barrier])
        return f"pg_advisory_xact_lock_shared({self._barrier})"

    async def lower_barrier(self) -> None:
        """Let every query go on."""
        await self._connection.execute("SELECT pg_advisory_unlock(%s)", [self._barrier])

    async def terminate(self, tag: str) -> None:
        """End the sessions that are executing queries of this tag."""
        await self._connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query LIKE %s",
            [f"%{tag}%"],
        )

    async def _count(self, condition: str, *parameters: str | int) -> int:
        query = (
            "SELECT count(*) FROM pg_stat_activity "
            f"WHERE datname = current_database() AND pid <> pg_backend_pid() AND {condition}"
        )
        row = await (await self._connection.execute(query.encode(), parameters)).fetchone()
        assert row is not None
        return int(row[0])
