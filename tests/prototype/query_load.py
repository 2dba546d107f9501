"""Which queries, a thousand of them, would show a leak? One workload per path through the bridge."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Any, Callable, Protocol

from pool_probe import until_idle
from pytest_pyo3_bridge.leak import Plan, measure
from pytest_pyo3_bridge.leak_limits import complaints
from server_watch import tagged

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from fraiseql._fraiseql_rs import PrototypePool
    from server_watch import ServerWatch

# How many queries run at once: enough to use the whole pool.
AT_ONCE = 10
LARGE_ROWS = 200

Workload = Callable[["PrototypePool", int], "Awaitable[None]"]


class LeakCheck(Protocol):
    """Measures a workload and fails where a resource grows."""

    async def __call__(self, workload: Workload, plan: Plan | None = None, max_connections: int = 10) -> None: ...


async def simple_queries(pool: PrototypePool, operations: int) -> None:
    """Ask the same small question."""
    await _in_batches(lambda: pool.execute_query("SELECT 1 AS one"), operations)


_NUMBERS = itertools.count()


async def distinct_queries(pool: PrototypePool, operations: int) -> None:
    """Change the text of each query, as callers do if they write values into it."""
    await _in_batches(lambda: pool.execute_query(f"SELECT {next(_NUMBERS)} AS n"), operations)


async def errors(pool: PrototypePool, operations: int) -> None:
    """Fail on the server."""
    await _in_batches(lambda: pool.execute_query("SELECT 1 / 0"), operations)


async def large_rows(pool: PrototypePool, operations: int) -> None:
    """Fetch many rows. Fewer such queries fit into the time, so a batch is one query."""
    sql = f"SELECT n, repeat('x', 100) AS text FROM generate_series(1, {LARGE_ROWS}) AS n"
    await _in_batches(lambda: pool.execute_query(sql), operations)


CANCELLED = "/* cancelled by the workload */ SELECT pg_sleep(30)"


async def cancellations(pool: PrototypePool, operations: int) -> None:
    """Cancel queries in every phase: before they are sent, while they are sent, and while they run."""
    for start in range(0, operations, AT_ONCE):
        queries = [asyncio.ensure_future(pool.execute_query(CANCELLED)) for _ in range(AT_ONCE)]
        await asyncio.sleep((start // AT_ONCE) % 3 * 0.002)
        for query in queries:
            query.cancel()
        await asyncio.gather(*queries, return_exceptions=True)


async def _fill(pool: PrototypePool, watch: ServerWatch) -> None:
    """Open every connection that the pool may have. Each is held until all of them are open."""
    size: int = pool.pool_status()["max_size"]
    tag, sql = tagged(f"SELECT {await watch.raise_barrier()}::text")
    queries = [asyncio.ensure_future(pool.execute_query(sql)) for _ in range(size)]
    await watch.until_waiting(tag, size)
    await watch.lower_barrier()
    await asyncio.gather(*queries)


async def check_for_leaks(
    pool: PrototypePool, watch: ServerWatch, workload: Workload, plan: Plan, record: Callable[[str, Any], None]
) -> None:
    """Measure and record, then judge, because the numbers of a failed test matter most."""

    async def work(operations: int) -> None:
        await workload(pool, operations)
        # A cancelled query takes a moment to end. The memory that it holds until then is not growth.
        await watch.until(_excess(lambda: watch.running(CANCELLED), running), 0, "cancelled queries that go on")
        await until_idle(pool)

    # Fill the pool before the first reading; otherwise its connections would count as growth.
    await _fill(pool, watch)
    sessions, running = await watch.sessions(), await watch.running(CANCELLED)
    measured = await measure(work, plan)
    record("leak", measured.record())
    found = complaints(measured)
    assert not found, "\n".join(found)
    await watch.until(_excess(watch.sessions, sessions), 0, "sessions more than before")


def _excess(count: Callable[[], Awaitable[int]], before: int) -> Callable[[], Awaitable[int]]:
    async def excess() -> int:
        return max(0, await count() - before)

    return excess


async def _in_batches(ask: Callable[[], Awaitable[Any]], operations: int) -> None:
    for _ in range(operations // AT_ONCE):
        await asyncio.gather(*(ask() for _ in range(AT_ONCE)), return_exceptions=True)
