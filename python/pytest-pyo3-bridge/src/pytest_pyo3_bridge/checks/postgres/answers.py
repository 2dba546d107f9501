"""Does each of thousands of callers get its own rows, from no more connections than the pool may have?"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from pytest_pyo3_bridge.catalogue import Level, check
from pytest_pyo3_bridge.postgres.server import bench_of
from pytest_pyo3_bridge.trial import within

if TYPE_CHECKING:
    from pytest_pyo3_bridge.trial import Trial

WAVE = 250


@check(
    "postgres/answers-reach-their-caller",
    Level.MUST,
    "of thousands of queries with parameters, at once over several connections, each gets its own rows",
    why="Rows that go to another caller are wrong data, and no error tells.",
    source="aio-libs/aiomysql#88",
)
async def answers_reach_their_caller(trial: Trial) -> None:
    # An answer that is crossed once in 2,000 shows at each depth.
    waves = trial.count(10, 32, 4000)
    async with bench_of(trial).pool(8) as pool:
        for wave in range(waves):
            tags = range(wave * WAVE, (wave + 1) * WAVE)
            answers = await within(asyncio.gather(*(pool.tagged(tag) for tag in tags)), 20.0)
            crossed = [(tag, answer) for tag, answer in zip(tags, answers) if tag != answer]
            assert not crossed, f"{len(crossed)} of {WAVE} callers got another's row: {crossed[:3]} (tag, answer)"
        trial.note("queries", waves * WAVE)


@check(
    "postgres/rows-are-complete",
    Level.MUST,
    "large answers at once are complete and in order",
    why="A row that is lost or doubled where an answer goes over several reads is wrong data.",
    source="https://www.postgresql.org/docs/current/protocol-flow.html",
)
async def rows_are_complete(trial: Trial) -> None:
    count = trial.count(3000, 20_000, 200_000)
    async with bench_of(trial).pool(3) as pool:
        sql = "select g, repeat('é', g % 50) from generate_series({}, {}) as g"
        work = [pool.rows(sql.format(first, first + count - 1), seconds=60.0) for first in (0, 7, 1000)]
        for first, rows in zip((0, 7, 1000), await asyncio.gather(*work)):
            expected = [(number, "é" * (number % 50)) for number in range(first, first + count)]
            wrong = next((pair for pair in zip(rows, expected) if pair[0] != pair[1]), None)
            assert wrong is None, f"the row {wrong[0]} came where {wrong[1]} was asked for" if wrong else ""
            assert len(rows) == count, f"{len(rows)} of {count} rows came"


@check(
    "postgres/pool-keeps-its-size",
    Level.MUST,
    "a pool opens no more sessions than it was told",
    why="The server has a limited number of sessions, and all programs share them.",
    source="https://www.postgresql.org/docs/current/runtime-config-connection.html",
)
async def pool_keeps_its_size(trial: Trial) -> None:
    size = 3
    async with bench_of(trial).pool(size) as pool:
        sql = "select pg_backend_pid() from pg_sleep(0.005)"
        rows = await within(asyncio.gather(*(pool.fetch(sql) for _ in range(60))))
        pids = {row[0][0] for row in rows}
        trial.note("sessions", len(pids))
        assert len(pids) <= size, f"{len(pids)} sessions answered, and the pool may have {size}"


@check(
    "postgres/close-ends-its-sessions",
    Level.SHOULD,
    "a closed pool leaves no session at the server",
    why="Sessions of pools that are gone use up the server's, until the program ends.",
    source="MagicStack/asyncpg#464",
)
async def close_ends_its_sessions(trial: Trial) -> None:
    site = bench_of(trial).site
    async with site.pool(3) as pool:
        sql = "select pg_backend_pid() from pg_sleep(0.05)"
        rows = await within(asyncio.gather(*(asyncio.ensure_future(pool.fetch(sql)) for _ in range(3))))
    pids = ", ".join(str(row[0][0]) for row in rows)
    left = await site.observer.until(f"select count(*) from pg_stat_activity where pid in ({pids})", 0)
    assert left == 0, f"{left} of {len(rows)} sessions are still there, 5 s after the pool was closed"
