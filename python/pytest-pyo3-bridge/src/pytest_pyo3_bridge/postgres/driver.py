"""How does a check ask a driver? Through a pool of the adapter's, whose methods are the same for all adapters."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from pytest_pyo3_bridge.trial import DEADLINE, Inapplicable, within

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

# Opening a pool of ten sessions, on a busy machine.
OPENING = 15.0


class Pool:
    """A pool of the driver's.

    Args:
        adapter: the driver's adapter.
        raw: what its `pool` returned.
        size: of the pool.
    """

    def __init__(self, adapter: Any, raw: Any, size: int) -> None:
        self.adapter = adapter
        self.raw = raw
        self.size = size
        self._closed = False

    def fetch(self, sql: str, *parameters: object) -> Awaitable[Sequence[Sequence[Any]]]:
        """Return the driver's own awaitable of the rows."""
        found: Awaitable[Sequence[Sequence[Any]]] = self.adapter.fetch(self.raw, sql, *parameters)
        return found

    async def rows(self, sql: str, *parameters: object, seconds: float = DEADLINE) -> list[tuple[Any, ...]]:
        """Return the rows as tuples.

        Raises:
            AssertionError: if they do not come in time.
        """
        return [tuple(row) for row in await within(self.fetch(sql, *parameters), seconds) or ()]

    async def value(self, sql: str, *parameters: object, seconds: float = DEADLINE) -> Any:
        """Return the first value of the first row, or None."""
        rows = await self.rows(sql, *parameters, seconds=seconds)
        return rows[0][0] if rows else None

    async def tagged(self, tag: int, rest: str = "") -> Any:
        """Ask for a tag, through a parameter where the adapter knows of them; return the answer."""
        mark = getattr(self.adapter, "placeholder", None)
        if mark:
            rows = await self.fetch(f"select {mark}::int{rest}", tag)
        else:
            rows = await self.fetch(f"select {tag}::int{rest}")
        return rows[0][0]

    def statistics(self) -> tuple[int, int]:
        """Return how many connections there are, and how many of them are idle."""
        connections, idle = self.adapter.statistics(self.raw)
        return int(connections), int(idle)

    def transaction(self) -> Transaction:
        """Return an async context manager of something to `fetch` from."""
        return Transaction(self)

    async def close(self, seconds: float = DEADLINE) -> None:
        """Close it; a closed one stays closed.

        Raises:
            AssertionError: if that does not end.
        """
        if not self._closed:
            self._closed = True
            ended = self.adapter.close_pool(self.raw)
            if inspect.isawaitable(ended):
                await within(ended, seconds)


class Transaction:
    """A transaction of the driver's: entered, it is a pool whose statements belong together."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.manager = pool.adapter.transaction(pool.raw)

    async def __aenter__(self) -> Pool:
        return Pool(self.pool.adapter, await self.manager.__aenter__(), 1)

    async def __aexit__(self, *error: object) -> Any:
        return await self.manager.__aexit__(*error)


async def opened(adapter: Any, size: int) -> Pool:
    """Open a pool.

    Raises:
        AssertionError: if that does not end.
    """
    raw = adapter.pool(size)
    if inspect.isawaitable(raw):
        raw = await within(raw, OPENING)
    return Pool(adapter, raw, size)


async def failure(awaitable: Awaitable[Any], seconds: float = DEADLINE) -> BaseException | None:
    """Return the error with which something ends, or None if it succeeds.

    Raises:
        AssertionError: if it does not end in time.
    """
    try:
        await within(awaitable, seconds)
    except (AssertionError, KeyboardInterrupt, SystemExit, Inapplicable):
        raise
    except BaseException as error:  # noqa: BLE001 (what class it has is the question)
        return error
    return None


def ordinary(error: BaseException | None, what: str) -> Exception:
    """Check that there is an error that programs can handle, and that it says something.

    Raises:
        AssertionError: if there is none, or it is a bare BaseException, or it has no text.
    """
    assert error is not None, f"{what}: no error came, as if all were well"
    assert isinstance(error, Exception), f"{what}: {type(error).__name__} is a bare BaseException ({error})"
    assert str(error).strip(), f"{what}: {type(error).__name__} has no text"
    return error
