"""What becomes of the queries, and of the pool, when the server goes away? It is one of the kit's own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from pytest_pyo3_bridge.catalogue import Level, check
from pytest_pyo3_bridge.postgres.drill import all_at_once, healed, sleeping
from pytest_pyo3_bridge.postgres.driver import failure, ordinary
from pytest_pyo3_bridge.postgres.server import bench_of

if TYPE_CHECKING:
    from pytest_pyo3_bridge.trial import Trial

SIZE = 4


@check(
    "postgres/server-dies-during-queries",
    Level.MUST,
    "when the server dies, every query ends with an error, and the pool heals when the server is back",
    why="A query that never ends holds its caller for ever, and a dead connection fails the next one.",
    source="FSX/momoko#147",
    alone=True,
    limit=40.0,
)
async def server_dies_during_queries(trial: Trial) -> None:
    bench = bench_of(trial)
    server = await bench.own_server()
    site = await bench.own_site()
    for how in ("SIGQUIT", "SIGINT")[: trial.count(1, 2, 2)]:
        async with site.pool(SIZE) as pool:
            work, _ = await sleeping(site, pool, SIZE)
            await site.observer.close()
            await server.stop(how)
            try:
                for one in work:
                    error = ordinary(await failure(one), "a query whose server died")
                trial.note(f"error after {how}", f"{type(error).__name__}: {error}"[:200])
                meanwhile = await failure(pool.fetch("select 1"), 15.0)
                ordinary(meanwhile, "a query while the server is gone")
            finally:
                await server.start()
            trial.note(f"errors after {how}", await healed(pool, 15.0))
            await all_at_once(site, pool, 15.0)


@check(
    "postgres/server-restarts-while-idle",
    Level.MUST,
    "after a restart of the server idle connections are replaced, with at most one error each",
    why="A pool that hands out dead connections again and again fails until the program is restarted.",
    source="psycopg/psycopg#1315",
    alone=True,
    limit=40.0,
)
async def server_restarts_while_idle(trial: Trial) -> None:
    bench = bench_of(trial)
    server = await bench.own_server()
    site = await bench.own_site()
    async with site.pool(SIZE) as pool:
        await all_at_once(site, pool)
        await site.observer.close()
        await server.stop("SIGINT")
        await server.start()
        # The pool may notice by itself.
        await asyncio.sleep(0.1)
        errors = await healed(pool, 15.0)
        trial.note("errors", errors)
        assert errors <= SIZE, f"{errors} queries failed after the restart, and only {SIZE} connections were open"
        await all_at_once(site, pool, 15.0)
