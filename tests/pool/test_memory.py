"""Does memory stay where it is, however many queries, errors and cancellations there were?"""

from __future__ import annotations

import asyncio
import gc
import random
import threading
from typing import TYPE_CHECKING

import pytest

import fraiseql
from pool_server import SETTINGS
from pytest_pyo3_bridge.leak import Plan, measure

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from fraiseql import PrototypePool
    from pool_server import MakePool

    Work = Callable[[PrototypePool, random.Random], Awaitable[None]]

psutil = pytest.importorskip("psutil")

BLOCKS = 40
WORKERS = 50

# Bytes per 1,000 operations. A leak of one byte per operation would be 1,000; the smallest real leak is far greater.
# The allocator's count of bytes in use is exact. The resident set is counted in pages, and moves with how many of them
# the allocator holds back: it may grow by one page.
LIMITS = {"malloc": 512, "rss": 4096}


async def query(pool: PrototypePool, chance: random.Random) -> None:
    number = chance.randrange(1000)
    assert await pool.fetchrow("select $1::int, 'x' as text", number) == (number, "x")


async def json_query(pool: PrototypePool, chance: random.Random) -> None:
    number = chance.randrange(1000)
    assert await pool.execute_query("select $1::int as a", [number]) == [f'{{"a":{number}}}']


async def refused(pool: PrototypePool, _: random.Random) -> None:
    # pytest.raises would not do here, because it keeps a part of each error.
    try:
        await pool.fetchval("select 1 / $1::int", 0)
    except fraiseql.DataError:
        return
    pytest.fail("no error")


async def cancelled(pool: PrototypePool, chance: random.Random) -> None:
    task = asyncio.ensure_future(pool.fetch("select pg_sleep(0.005)"))
    await asyncio.sleep(chance.uniform(0, 0.004))
    task.cancel()
    await asyncio.wait({task})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("work", "count"), [(query, 1_000_000), (json_query, 200_000), (refused, 100_000), (cancelled, 100_000)]
)
async def test_memory_does_not_grow(make_pool: MakePool, work: Work, count: int) -> None:
    pool = make_pool(max_connections=10)

    async def workload(operations: int) -> None:
        async def worker(seed: int) -> None:
            chance = random.Random(seed)
            for _ in range(operations // WORKERS):
                await work(pool, chance)

        await asyncio.gather(*(worker(seed) for seed in range(WORKERS)))

    # Cancellations meet each moment of a query's life; caches still fill after a hundred thousand of them.
    measured = await measure(workload, Plan(count, BLOCKS, warm_up=300_000 if work is cancelled else count // 4))
    shown = []
    for size in measured.sizes:
        slope = measured.slope(size)
        shown.append(f"{size} {slope.estimate:.1f} bytes per 1,000, 99 % between {slope.low:.1f} and {slope.high:.1f}")
    print(f"{work.__name__} x {count:,}: {'; '.join(shown)}; blocks {measured.growth('python_blocks')}")
    assert all(measured.slope(size).low <= LIMITS[size] for size in measured.sizes), shown
    assert measured.growth("python_blocks") < 50


async def test_a_pool_that_is_closed_or_dropped_leaves_nothing(make_pool: MakePool) -> None:
    """The task of its upkeep ends with it, and not with the pause of two minutes that it may be in."""
    # The runtime begins before the first reading.
    await make_pool().fetchval("select 1")

    async def churn(operations: int) -> None:
        for number in range(operations):
            pool = fraiseql.PrototypePool(**{**SETTINGS, "max_connections": 1})
            await pool.fetchval("select 1")
            if number % 2:
                await pool.close()
            del pool
        # Connections of pools that were dropped end in the background.
        await asyncio.sleep(0.05)

    measured = await measure(churn, Plan(200, 10, warm_up=100))
    assert measured.slope("malloc").low < 100_000, measured.slope("malloc")


@pytest.mark.slow
async def test_nothing_is_left_behind(make_pool: MakePool) -> None:
    """Exact counters are compared after each path was used a thousand times."""
    pool = make_pool(max_connections=4)
    process = psutil.Process()

    async def count() -> tuple[int, int, int, int]:
        await asyncio.gather(*(pool.execute("select pg_sleep(0.1)") for _ in range(4)))
        gc.collect()
        return len(gc.get_objects()), threading.active_count(), process.num_threads(), process.num_fds()

    chance = random.Random(1)
    for work in (query, json_query, refused, cancelled):
        await asyncio.gather(*(work(pool, chance) for _ in range(100)))
    before = await count()
    for work in (query, json_query, refused, cancelled):
        await asyncio.gather(*(work(pool, chance) for _ in range(1000)))
    after = await count()
    assert after[0] - before[0] < 50
    assert after[1:] == before[1:]
