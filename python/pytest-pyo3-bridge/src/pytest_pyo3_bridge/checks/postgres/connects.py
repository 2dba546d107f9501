"""Do connections that fail leave anything behind, here or at the server?"""

from __future__ import annotations

import asyncio
import gc
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_pyo3_bridge.catalogue import Level, check
from pytest_pyo3_bridge.postgres.drill import new_tag
from pytest_pyo3_bridge.postgres.driver import failure, ordinary
from pytest_pyo3_bridge.postgres.keeper import HOST
from pytest_pyo3_bridge.postgres.server import bench_of
from pytest_pyo3_bridge.trial import Inapplicable

if TYPE_CHECKING:
    from pytest_pyo3_bridge.postgres.site import Site
    from pytest_pyo3_bridge.trial import Trial

# What a pool may keep for good once it has failed: a waker, a resolver's socket.
KEPT = 3


def _descriptors() -> int:
    """Count the open descriptors of this process."""
    for place in (Path("/proc/self/fd"), Path("/dev/fd")):
        if place.is_dir():
            return len(list(place.iterdir()))
    message = "this system does not count the descriptors of a process"
    raise Inapplicable(message)


@check(
    "postgres/failed-connects-leak-nothing",
    Level.MUST,
    "connections that are refused leave no descriptor open",
    why="An outage of minutes then uses up the process's descriptors, and it does not recover.",
    source="diesel-rs/diesel#2360",
    alone=True,
    limit=40.0,
)
async def failed_connects_leak_nothing(trial: Trial) -> None:
    bench = bench_of(trial)
    with socket.socket() as reserved:
        # Bound, so nobody else listens there; not listening, so a connection is refused.
        reserved.bind((HOST, 0))
        nowhere = bench.at(bench.dsn_of(host=HOST, port=reserved.getsockname()[1]))
        await _grows(trial, nowhere, "refused connections")


@check(
    "postgres/refused-logins-leak-nothing",
    Level.MUST,
    "logins that the server refuses leave neither a descriptor nor a session",
    why="A wrong password, tried again and again, then uses up the server's sessions for all.",
    source="diesel-rs/diesel#2360",
    alone=True,
    limit=40.0,
)
async def refused_logins_leak_nothing(trial: Trial) -> None:
    bench = bench_of(trial)
    server = await bench.own_server()
    site = bench.at(server.dsn.with_(password="wrong"), server.admin)  # noqa: S106 (that is the point)
    # Sessions of checks before this one are no concern of it.
    began = await site.observer.value("select clock_timestamp()::text")
    await _grows(trial, site, "refused logins")
    sessions = (
        f"select count(*) from pg_stat_activity where usename = '{server.dsn.user}' and backend_start > '{began}'"
    )
    left = await site.observer.until(sessions, 0)
    assert left == 0, f"{left} sessions are left of logins that were refused"


async def _grows(trial: Trial, site: Site, what: str) -> None:
    """Fail often, and compare the descriptors."""
    before = 0
    count = trial.count(30, 60, 2000)
    for number in (6, count):
        await _fail(site, number, what)
        await asyncio.sleep(0.1)
        # Errors that wait for the collector hold their sockets.
        gc.collect()
        before, after = (before or _descriptors()), _descriptors()
    trial.note("descriptors", f"{before} → {after} in {count} failures")
    assert after - before <= KEPT, f"{what}: {count} of them left {after - before} descriptors open"


async def _fail(site: Site, count: int, what: str) -> None:
    """Let so many queries fail, or as many pools where it is the pool that connects."""
    for _ in range(count):
        try:
            pool = await site.open(2)
        except Exception as error:  # noqa: BLE001 (it is what this is about)
            ordinary(error, what)
            continue
        asked = (failure(pool.fetch(f"select 1 /* {new_tag()} */"), 20.0) for _ in range(count))
        for found in await asyncio.gather(*asked):
            ordinary(found, what)
        await pool.close()
        return
