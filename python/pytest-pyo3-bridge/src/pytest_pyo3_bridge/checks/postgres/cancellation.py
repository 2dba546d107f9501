"""Does a cancelled awaitable stop its query, and nothing else?"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from pytest_pyo3_bridge.catalogue import Level, check
from pytest_pyo3_bridge.patience import patient
from pytest_pyo3_bridge.postgres.drill import all_at_once, cancelled, gate, new_tag, sleeping
from pytest_pyo3_bridge.postgres.server import bench_of
from pytest_pyo3_bridge.trial import too_late, within

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_pyo3_bridge.postgres.driver import Pool
    from pytest_pyo3_bridge.postgres.site import Site
    from pytest_pyo3_bridge.trial import Trial

WORKERS = 8


@check(
    "postgres/cancel-reaches-the-server",
    Level.MUST,
    "a cancelled query stops at the server, and its connection serves the next one at once",
    why="The server goes on with work that nobody wants, and the pool hands out a connection that is busy with it.",
    source="rust-postgres/rust-postgres#1374",
    limit=40.0,
)
async def cancel_reaches_the_server(trial: Trial) -> None:
    site = bench_of(trial).site
    async with site.pool(1) as pool:
        for way in ("cancel", "wait_for"):
            if way == "cancel":
                [work], tag = await sleeping(site, pool, 1)
                await cancelled(work, "a query")
            else:
                tag = new_tag()
                await _timed_out(pool, tag)
            left = await site.observer.until_active(tag, 0)
            assert not left, f"the query still runs at the server, {patient(5):g} s after its {way}"
            loop = asyncio.get_running_loop()
            started = loop.time()
            assert await pool.value("select 'next'", seconds=5.0) == "next"
            trial.note(f"next after {way}", round(loop.time() - started, 3))


async def _timed_out(pool: Pool, tag: str) -> None:
    work = asyncio.ensure_future(pool.fetch(f"select 1 from pg_sleep(30) /* {tag} */"))
    timed = asyncio.ensure_future(asyncio.wait_for(work, 0.2))
    done, _ = await asyncio.wait({timed}, timeout=patient(5.0))
    if not done:
        await too_late(f"wait_for with 0.2 s did not end within {patient(5):g} s")
    error = timed.exception()
    assert isinstance(error, asyncio.TimeoutError), f"wait_for ended with {error!r} instead of its timeout"


@check(
    "postgres/cancel-hits-no-other-query",
    Level.MUST,
    "in a storm of cancellations every other query gets its own answer",
    why="A late cancel stops the connection's next query, or a row that is left over goes to the next caller.",
    source="lib/pq#1001",
    limit=40.0,
)
async def cancel_hits_no_other_query(trial: Trial) -> None:
    rounds = trial.count(25, 120, 15_000)
    async with bench_of(trial).pool(WORKERS // 2) as pool:
        work = [asyncio.ensure_future(_storm(trial, pool, rounds, worker * 1_000_000)) for worker in range(WORKERS)]
        # A storm that stops is found by the clock outside.
        cancellations = sum(await asyncio.gather(*work))
        trial.note("cancellations", cancellations)


async def _storm(trial: Trial, pool: Pool, rounds: int, first: int) -> int:
    cancellations = 0
    for number in range(first, first + rounds):
        work = asyncio.ensure_future(pool.tagged(number, " from pg_sleep(0.003)"))
        await asyncio.sleep(trial.chance.uniform(0, 0.006))
        work.cancel()
        done, _ = await asyncio.wait({work}, timeout=patient(10.0))
        if not done:
            await too_late(f"a cancelled query did not end within {patient(10):g} s")
        if work.cancelled():
            cancellations += 1
        else:
            _own(number, await _answer(work))
        _own(number, await _answer(asyncio.ensure_future(pool.tagged(number))))
    return cancellations


async def _answer(work: asyncio.Future[object]) -> object:
    try:
        return await within(work)
    except AssertionError:
        raise
    except Exception as error:
        message = f"a query that nobody cancelled failed in the storm: {type(error).__name__}: {error}"
        raise AssertionError(message) from error


def _own(tag: int, answer: object) -> None:
    assert answer == tag, f"the query with tag {tag} got the answer {answer!r}, another's"


@check(
    "postgres/connections-come-back",
    Level.MUST,
    "after cancellations at every moment all connections of the pool can be used at once",
    why="A permit that is lost with each cancellation exhausts the pool in the end, and every caller waits for ever.",
    source="MagicStack/asyncpg#464",
    limit=40.0,
)
async def connections_come_back(trial: Trial) -> None:
    site = bench_of(trial).site
    async with site.pool(4) as pool:
        await _cancel_everywhere(trial, site, pool)
        await all_at_once(site, pool)


@check(
    "postgres/statistics-after-cancellation",
    Level.MUST,
    "after cancellations at every moment the pool counts all its connections as idle again",
    why="A pool that counts a connection as used, which nobody uses, opens too few from then on.",
    source="sqlalchemy/sqlalchemy#6652",
    needs=("statistics",),
    limit=40.0,
)
async def statistics_after_cancellation(trial: Trial) -> None:
    site = bench_of(trial).site
    async with site.pool(4) as pool:
        await _cancel_everywhere(trial, site, pool)
        for _ in range(250):
            connections, idle = pool.statistics()
            if connections == idle <= pool.size:
                return
            await asyncio.sleep(0.02)
        message = f"5 s after the last cancellation {idle} of {connections} connections are idle"
        raise AssertionError(message)


async def _cancel_everywhere(trial: Trial, site: Site, pool: Pool) -> None:
    """Cancel before the first connection, during acquire, during queries, about their end, and after it."""
    before = [asyncio.ensure_future(pool.fetch("select 1")) for _ in range(pool.size)]
    await _all_cancelled(before)
    # The gate opens when all are cancelled, so a driver that stops nothing at the server comes through as well.
    async with gate(site) as shut:
        busy = [asyncio.ensure_future(pool.fetch(shut.sql)) for _ in range(pool.size)]
        await site.observer.until_active(shut.tag, pool.size)
        waiting = [asyncio.ensure_future(pool.fetch("select 1")) for _ in range(12)]
        await asyncio.sleep(0.05)
        await _all_cancelled([*waiting, *busy])
    for _ in range(trial.count(15, 60, 5000)):
        about = [asyncio.ensure_future(pool.fetch("select 1")) for _ in range(pool.size)]
        await asyncio.sleep(trial.chance.uniform(0, 0.002))
        await _all_cancelled(about)
    ended = [asyncio.ensure_future(pool.fetch("select 1")) for _ in range(pool.size)]
    await within(asyncio.gather(*ended))
    await _all_cancelled(ended)


async def _all_cancelled(work: Sequence[asyncio.Future[Any]]) -> None:
    for one in work:
        one.cancel()
    done, late = await asyncio.wait(work, timeout=patient(10.0))
    if late:
        await too_late(f"{len(late)} of {len(work)} cancelled queries did not end within {patient(10):g} s")
    failed = [one.exception() for one in done if not one.cancelled() and one.exception()]
    assert not failed, f"a cancellation ended as {failed[0]!r}"
