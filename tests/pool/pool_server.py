"""What do the pool's tests run against? The server of the ``PG*`` variables.

They run on the loop of ``POOL_TEST_LOOP`` and over the bridge of ``POOL_TEST_BRIDGE``.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from loop_choice import choose_loop

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from fraiseql import PrototypePool, Record

# The bridge from Rust to asyncio that this run tests; without it, the pool's default.
BRIDGE = os.environ.get("POOL_TEST_BRIDGE")
BRIDGED: dict[str, Any] = {"bridge": BRIDGE} if BRIDGE else {}

SETTINGS: dict[str, Any] = {
    "database": os.environ.get("PGDATABASE", "postgres"),
    "host": os.environ.get("PGHOST", "localhost"),
    "port": int(os.environ.get("PGPORT", "5432")),
    "username": os.environ.get("PGUSER", "postgres"),
    "password": os.environ.get("PGPASSWORD"),
    **BRIDGED,
}

T = TypeVar("T")

# How long a test may wait for the server before it is red; a passing test needs a fraction of it.
DEADLINE = 10.0

choose_loop()

# A value without a converter, which is found only in its first row, and the types of such values.
DEEP_TYPES = """do $$ begin
    create type pg_temp.deep1 as (v int);
    for i in 2..201 loop execute format('create type pg_temp.deep%s as (v pg_temp.deep%s)', i, i - 1); end loop;
end $$"""
DEEP_VALUE = f"{'row(' * 201}1{')' * 201}::pg_temp.deep201"


class MakePool(Protocol):
    """Makes a pool that the test need not close."""

    def __call__(self, **settings: Any) -> PrototypePool:
        """Make a pool; the arguments replace settings of the run."""


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run ``work`` on a new loop, and close the loop.

    Unlike ``asyncio.run`` it does not touch the thread's loop, which belongs to pytest-asyncio.
    """
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.close()


class Observer:
    """Observes the server over its own connection."""

    def __init__(self, pool: PrototypePool) -> None:
        self._pool = pool

    async def fetch(self, sql: str) -> list[Record]:
        """Return the rows of ``sql``."""
        return await self._pool.fetch(sql)

    async def until_none(self, sql: str) -> None:
        """Wait until ``sql`` counts zero."""
        deadline = asyncio.get_running_loop().time() + DEADLINE
        while found := await self._pool.fetchval(sql):
            assert asyncio.get_running_loop().time() < deadline, f"still {found}: {sql}"
            await asyncio.sleep(0.005)

    async def active(self, tag: str) -> int:
        """Count the running queries with ``tag`` in their text."""
        sql = "select count(*) from pg_stat_activity where state = 'active' and query like '%' || $1 || '%'"
        count: int = await self._pool.fetchval(sql + " and pid <> pg_backend_pid()", tag)
        return count

    async def wait_for(self, tag: str, count: int) -> None:
        """Wait until ``count`` queries with ``tag`` are running."""
        deadline = asyncio.get_running_loop().time() + DEADLINE
        while (seen := await self.active(tag)) != count:
            assert asyncio.get_running_loop().time() < deadline, f"{seen} queries with {tag}, expected {count}"
            await asyncio.sleep(0.005)


async def settled(pool: PrototypePool) -> dict[str, Any]:
    """Wait until no query uses the pool, and return its figures."""
    deadline = asyncio.get_running_loop().time() + DEADLINE
    while (status := pool.pool_status())["in_use"] or status["waiting"]:
        assert asyncio.get_running_loop().time() < deadline, f"still in use: {status}"
        await asyncio.sleep(0.005)
    return status
