"""What becomes of a query when the way to the server breaks? A proxy of the kit's own cuts, halves, slows, silences."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from pytest_pyo3_bridge.catalogue import Level, check
from pytest_pyo3_bridge.postgres.drill import all_at_once, cancelled, healed, new_tag, sleeping, terminate
from pytest_pyo3_bridge.postgres.driver import failure, ordinary
from pytest_pyo3_bridge.postgres.server import bench_of

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from pytest_pyo3_bridge.postgres.proxy import Proxy
    from pytest_pyo3_bridge.trial import Trial

SIZE = 3


@check(
    "postgres/network-cut-during-queries",
    Level.MUST,
    "when the connections break, every query ends with an error, and the pool heals",
    why="A query that never ends holds its caller for ever, and a dead connection fails the next one.",
    source="psycopg/psycopg#701",
    limit=30.0,
)
async def network_cut_during_queries(trial: Trial) -> None:
    await _struck(trial, half=False)


@check(
    "postgres/half-closed-connection",
    Level.MUST,
    "when the server's half of a connection is closed, every query ends with an error, and the pool heals",
    why="A middlebox that ends one direction leaves a connection that takes statements and never answers.",
    source="https://www.postgresql.org/docs/current/protocol-flow.html",
    limit=30.0,
)
async def half_closed_connection(trial: Trial) -> None:
    await _struck(trial, half=True)


async def _struck(trial: Trial, *, half: bool) -> None:
    async with bench_of(trial).proxied() as (proxy, site), site.pool(SIZE) as pool:
        work, tag = await sleeping(site, pool, SIZE)
        try:
            if half:
                proxy.half_close()
            else:
                proxy.cut()
            for one in work:
                error = ordinary(await failure(one), "a query whose connection broke")
            trial.note("error", f"{type(error).__name__}: {error}"[:200])
        finally:
            await terminate(site, tag)
        trial.note("errors until it healed", await healed(pool))
        await all_at_once(site, pool)


@check(
    "postgres/slow-wire",
    Level.MUST,
    "answers that come in small pieces are right",
    why="A message that is cut anywhere, in its length or inside a letter, must come out whole.",
    source="https://www.postgresql.org/docs/current/protocol-message-formats.html",
    limit=30.0,
    waits=True,
)
async def slow_wire(trial: Trial) -> None:
    async with bench_of(trial).proxied() as (proxy, site), site.pool(1) as pool:
        assert await pool.value("select 1") == 1
        expected = [(number, "é" * number) for number in range(1, 31)]
        for piece in (1, 3, 5, 17):
            proxy.piece, proxy.pause = piece, 0.0 if piece == 1 else 0.0005
            rows = await pool.rows("select g, repeat('é', g) from generate_series(1, 30) as g")
            assert rows == expected, f"in pieces of {piece} bytes other rows came: {rows[:3]}"
            error = ordinary(await failure(pool.fetch("select 1 / 0")), "an error in small pieces")
            assert site.sqlstate(error) in {"22012", None}, f"in pieces of {piece} bytes the error is {error!r}"


@check(
    "postgres/cancel-on-a-silent-way",
    Level.SHOULD,
    "a query on a way that has gone silent can be cancelled, and the pool then goes on",
    why="A network that drops everything closes nothing; a caller's timeout is the only thing that ends the wait.",
    source="psycopg/psycopg#1371",
    waits=True,
    limit=40.0,
)
async def cancel_on_a_silent_way(trial: Trial) -> None:
    loop = asyncio.get_running_loop()
    async with bench_of(trial).proxied() as (proxy, site), site.pool(1) as pool:
        assert await pool.value("select 1") == 1
        proxy.silence()
        work = asyncio.ensure_future(pool.fetch(f"select 1 /* {new_tag()} */"))
        await asyncio.sleep(0.2)
        assert not work.done(), f"the query on the silent way ended: {work}"
        started = loop.time()
        await cancelled(work, "a query on a silent way", 16.0)
        trial.note("seconds until it was cancelled", round(loop.time() - started, 2))
        assert await pool.value("select 'next'", seconds=12.0) == "next"
        trial.note("seconds until the next answer", round(loop.time() - started, 2))


@check(
    "postgres/pipeline",
    Level.INFO,
    "several statements are on one connection at once",
    why="It decides what a slow statement holds up, and what a lost connection takes along.",
    source="https://www.postgresql.org/docs/current/libpq-pipeline-mode.html",
)
async def pipeline(trial: Trial) -> None:
    count, pause = 8, 0.04
    async with bench_of(trial).proxied() as (proxy, site), site.pool(1) as pool:
        await pool.value("select 1")
        seconds = await _timed(proxy, [pool.value("select 1") for _ in range(count)], pause)
        trial.note("pipelines", proxy.sessions == 1 and seconds < count * pause * 0.6)


async def _timed(proxy: Proxy, work: list[Coroutine[Any, Any, Any]], pause: float) -> float:
    loop = asyncio.get_running_loop()
    proxy.pause = pause
    started = loop.time()
    await asyncio.gather(*work)
    return loop.time() - started
