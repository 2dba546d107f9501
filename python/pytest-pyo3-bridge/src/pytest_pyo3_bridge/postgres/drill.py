"""Is a pool whole again? Every connection of it at once, and the first right answer after an outage."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_pyo3_bridge.patience import patient
from pytest_pyo3_bridge.postgres.driver import failure, ordinary
from pytest_pyo3_bridge.trial import DEADLINE, too_late, within

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pytest_pyo3_bridge.postgres.driver import Pool
    from pytest_pyo3_bridge.postgres.site import Site


def new_tag() -> str:
    """Return a text that no other query has."""
    return f"bridge {secrets.token_hex(6)}"


@dataclass(frozen=True)
class Gate:
    """A statement that waits at the server until the gate opens.

    Attributes:
        sql: the statement; it returns its session's process id.
        tag: a text in it that no other query has.
    """

    sql: str
    tag: str


@contextlib.asynccontextmanager
async def gate(site: Site) -> AsyncIterator[Gate]:
    """Give a gate, which opens at the end: the kit holds a lock that each of its statements waits for."""
    key, tag = secrets.randbelow(1 << 30), new_tag()
    sql = f"select pg_backend_pid() from pg_advisory_xact_lock_shared({key}) /* {tag} */"
    await site.observer.rows(f"select pg_advisory_lock({key})")
    try:
        yield Gate(sql, tag)
    finally:
        await site.observer.rows(f"select pg_advisory_unlock({key})")


async def all_at_once(site: Site, pool: Pool, seconds: float = DEADLINE) -> None:
    """Check that as many queries run at the same time as the pool has connections.

    None can end before the last has begun, so each connection serves one of them.

    Raises:
        AssertionError: if some connections are never used.
    """
    async with gate(site) as shut:
        work = [asyncio.ensure_future(pool.fetch(shut.sql)) for _ in range(pool.size)]
        found = await site.observer.until_active(shut.tag, pool.size, seconds)
    if len(found) == pool.size:
        await within(asyncio.gather(*work))
        return
    for one in work:
        one.cancel()
    ended = await asyncio.gather(*work, return_exceptions=True)
    errors = [repr(error) for error in ended if isinstance(error, Exception)]
    message = (
        f"only {len(found)} of {pool.size} connections can be used at once, after {patient(seconds):g} s {errors[:2]}"
    )
    raise AssertionError(message.rstrip("[] "))


async def healed(pool: Pool, seconds: float = DEADLINE) -> int:
    """Ask until an answer comes. Return how many errors came before.

    Raises:
        AssertionError: if none comes in time, or an error is none that programs can handle.
    """
    deadline = time.monotonic() + patient(seconds)
    errors = 0
    while True:
        error = await failure(pool.fetch("select 1"), seconds)
        if error is None:
            return errors
        errors += 1
        ordinary(error, "a query after the outage")
        if time.monotonic() > deadline:
            message = f"the pool does not heal: {patient(seconds):g} s after the outage it still raises {error!r}"
            raise AssertionError(message)
        await asyncio.sleep(0.05)


async def sleeping(site: Site, pool: Pool, count: int, seconds: float = 30.0) -> tuple[list[asyncio.Future[Any]], str]:
    """Start so many queries that wait at the server, and return them with their tag once all of them run.

    Raises:
        AssertionError: if they do not get that far.
    """
    tag = new_tag()
    work = [asyncio.ensure_future(pool.fetch(f"select 1 from pg_sleep({seconds}) /* {tag} */")) for _ in range(count)]
    found = await site.observer.until_active(tag, count, DEADLINE)
    if len(found) != count:
        for one in work:
            one.cancel()
        ended = await asyncio.gather(*work, return_exceptions=True)
        message = f"only {len(found)} of {count} queries reached the server: {ended[:2]}"
        raise AssertionError(message)
    return [*work], tag


async def cancelled(work: asyncio.Future[Any], what: str, seconds: float = DEADLINE) -> None:
    """Cancel a task, and check that it ends as cancelled.

    Raises:
        AssertionError: if it goes on, or ends otherwise.
    """
    work.cancel()
    seconds = patient(seconds)
    done, _ = await asyncio.wait({work}, timeout=seconds)
    if not done:
        await too_late(f"{what}: it did not end within {seconds:g} s after its cancellation")
    assert work.cancelled(), f"{what}: its cancellation ended as {work.exception() or work.result()!r}"


async def terminate(site: Site, tag: str) -> None:
    """End the sessions that still run queries with this tag: nobody else would."""
    for pid in await site.observer.active(tag):
        await site.observer.rows(f"select pg_terminate_backend({pid})")
