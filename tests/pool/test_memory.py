"""Does memory stay where it is, however many queries, errors and cancellations there were?"""

from __future__ import annotations

import asyncio
import gc
import random
import threading
from typing import TYPE_CHECKING

import pytest

import fraiseql
from matrix_cell.leak import Slope, theil_sen

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from fraiseql import PrototypePool
    from pool_server import MakePool

    Work = Callable[[PrototypePool, random.Random], Awaitable[None]]

psutil = pytest.importorskip("psutil")

# Blocks of work, each followed by one reading of the memory. The first blocks fill caches and allocators.
BLOCKS = 50
WARM_UP = 10
WORKERS = 50

# Bytes per 1,000 operations. A leak of one byte per operation would be 1,000; the smallest real leak is far greater.
LIMIT = 512


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


async def grow(pool: PrototypePool, work: Work, count: int) -> Slope:
    """Do ``work`` ``count`` times. Return the growth of the resident set in bytes per 1,000 operations."""
    process = psutil.Process()
    series = []
    per_worker = max(count // BLOCKS // WORKERS, 1)

    async def worker(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(per_worker):
            await work(pool, chance)

    for _ in range(BLOCKS):
        await asyncio.gather(*(worker(seed) for seed in range(WORKERS)))
        gc.collect()
        series.append(process.memory_info().rss)
    return theil_sen(series[WARM_UP:], per_worker * WORKERS / 1000)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("work", "count"), [(query, 1_000_000), (json_query, 200_000), (refused, 100_000), (cancelled, 100_000)]
)
async def test_memory_does_not_grow(make_pool: MakePool, work: Work, count: int) -> None:
    pool = make_pool(max_connections=10)
    slope = await grow(pool, work, count)
    shown = f"{slope.estimate:.1f} bytes per 1,000 operations, 99 % between {slope.low:.1f} and {slope.high:.1f}"
    print(f"{work.__name__} x {count:,}: {shown}")
    assert slope.low <= LIMIT, shown


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
