"""How does a test ask the pool, and how does it know that an answer is one? Every wait has a deadline."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any, Callable

import pytest

from server_watch import DEADLINE_SECONDS, POLL_SECONDS

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from fraiseql._fraiseql_rs import PrototypePool

PoolMaker = Callable[..., "PrototypePool"]


async def within(awaitable: Awaitable[Any]) -> Any:
    """Await with the deadline that turns a hang into a failure."""
    return await asyncio.wait_for(awaitable, DEADLINE_SECONDS)


async def rows(pool: PrototypePool, sql: str) -> list[Any]:
    """Run the query and return its rows as Python values."""
    texts = await within(pool.execute_query(sql))
    assert type(texts) is list
    assert all(type(text) is str for text in texts)
    return [json.loads(text) for text in texts]


async def raised(pool: PrototypePool, sql: str = "SELECT 1") -> Any:
    """Run a query that has to fail and return its exception, which must be an ordinary one with a message."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 (each caller looks at what came)
        await within(pool.execute_query(sql))
    assert not isinstance(caught.value, (asyncio.TimeoutError, TimeoutError)), "the error never arrived"
    assert str(caught.value).strip()
    assert hasattr(caught.value, "sqlstate")
    return caught.value


async def cancelled(query: asyncio.Future[Any]) -> None:
    """Cancel the query and check that it ends as cancelled."""
    query.cancel()
    with pytest.raises(asyncio.CancelledError):
        await within(query)


def connections(pool: PrototypePool) -> tuple[int, int]:
    """Return the pool's own figures: (total, available)."""
    total, available = re.findall(r"\d+", pool.stats())[:2]
    return int(total), int(available)


async def until_idle(pool: PrototypePool) -> None:
    """Wait until every connection that the pool has is available."""
    for _ in range(int(DEADLINE_SECONDS / POLL_SECONDS)):
        total, available = connections(pool)
        if total == available:
            return
        await asyncio.sleep(POLL_SECONDS)
    pytest.fail(f"not every connection came back within {DEADLINE_SECONDS:.0f} s: {pool.stats()}")


async def settled(pool: PrototypePool, expected: tuple[int, int]) -> None:
    """Wait until the pool's figures are as expected: after a cancellation the connection comes back a moment later."""
    for _ in range(int(DEADLINE_SECONDS / POLL_SECONDS)):
        if connections(pool) == expected:
            return
        await asyncio.sleep(POLL_SECONDS)
    assert connections(pool) == expected, f"after {DEADLINE_SECONDS:.0f} s: {pool.stats()}"
