"""How do the core checks use a driver? Its pool is wrapped as a core adapter: plain queries stand for the work."""

from __future__ import annotations

import asyncio
import inspect
import secrets
import threading
from typing import TYPE_CHECKING, Any

from pytest_pyo3_bridge.postgres.dsn import parse
from pytest_pyo3_bridge.postgres.observer import Observer

if TYPE_CHECKING:
    from collections.abc import Awaitable

CAPABILITIES = frozenset({"parallel", "observe_cancel", "echo", "rows", "close"})
SIZE = 10


class AsCore:
    """A core adapter that is made of a driver's adapter. Nothing is opened before its first use.

    Args:
        adapter: the driver's adapter.
        dsn: where it connects to; the observer goes there as well.
    """

    def __init__(self, adapter: Any, dsn: str) -> None:
        self.adapter = adapter
        self._dsn = dsn
        self._pool: Any = None
        self._opening: dict[Any, asyncio.Future[Any]] = {}
        self._lock = threading.Lock()
        # What tells this adapter's work from that of others in pg_stat_activity.
        self._tag = f"bridge {secrets.token_hex(6)}"

    def quick(self) -> Awaitable[Any]:
        """Ask for a constant."""
        return self._fetch("select 1")

    def slow(self, seconds: float) -> Awaitable[Any]:
        """Let the server wait. The type void is left out, which some drivers cannot read."""
        return self._fetch(f"select 1 from pg_sleep({seconds}) /* {self._tag} */")

    def fail(self) -> Awaitable[Any]:
        """Divide by zero."""
        return self._fetch("select 1 / 0")

    def parallel(self, n: int) -> Awaitable[Any]:
        """Ask so many questions at once."""
        return asyncio.gather(*(self.quick() for _ in range(n)))

    async def echo(self, value: Any) -> Any:
        """Bring a number or a text to the server and back."""
        kind = "bigint" if isinstance(value, int) else "text"
        mark = getattr(self.adapter, "placeholder", None)
        if mark:
            rows = await self._fetch(f"select {mark}::{kind}", value)
        else:
            text = str(value).replace("'", "''")
            rows = await self._fetch(f"select '{text}'::{kind}")
        return rows[0][0]

    def rows(self, n: int) -> Awaitable[Any]:
        """Ask for so many rows."""
        return self._fetch(f"select g from generate_series(1, {n}) as g")

    async def observe_cancel(self) -> bool:
        """Whether no work of this adapter's goes on at the server."""
        observer = Observer(parse(self._dsn))
        try:
            return not await observer.active(self._tag)
        finally:
            await observer.close()

    async def close(self) -> None:
        """Close the pool, if one was opened."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            ended = self.adapter.close_pool(pool)
            if inspect.isawaitable(ended):
                await ended

    def _fetch(self, sql: str, *parameters: object) -> Awaitable[Any]:
        """Return the driver's own awaitable wherever the pool is open, so that nothing of the kit is in between."""
        if self._pool is None:
            opened = self._open()
            if opened is not None:
                return self._fetch_when(opened, sql, *parameters)
        found: Awaitable[Any] = self.adapter.fetch(self._pool, sql, *parameters)
        return found

    def _open(self) -> asyncio.Future[Any] | None:
        """Open the pool; return what to wait for, unless it is open."""
        with self._lock:
            if self._pool is not None:
                return None
            loop = _running()
            if loop in self._opening:
                return self._opening[loop]
            made = self.adapter.pool(SIZE)
            if not inspect.isawaitable(made):
                self._pool = made
                return None
            self._opening[loop] = asyncio.ensure_future(self._keep(made, loop))
            return self._opening[loop]

    async def _keep(self, made: Awaitable[Any], loop: Any) -> None:
        try:
            self._pool = await made
        finally:
            # The next caller tries again, if it failed.
            self._opening.pop(loop, None)

    async def _fetch_when(self, opened: asyncio.Future[Any], sql: str, *parameters: object) -> Any:
        # Not the opening itself: a caller that is cancelled must not take it from the others.
        await asyncio.shield(opened)
        return await self.adapter.fetch(self._pool, sql, *parameters)


def _running() -> Any:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
