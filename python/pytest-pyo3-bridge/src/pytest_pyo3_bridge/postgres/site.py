"""What has a check at one server? The driver's adapter, an observer, and tables that are gone afterwards."""

from __future__ import annotations

import contextlib
import secrets
from typing import TYPE_CHECKING, Any

from pytest_pyo3_bridge.postgres.driver import opened
from pytest_pyo3_bridge.postgres.observer import Observer
from pytest_pyo3_bridge.trial import Inapplicable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pytest_pyo3_bridge.adapter import Loaded
    from pytest_pyo3_bridge.postgres.driver import Pool
    from pytest_pyo3_bridge.postgres.dsn import Dsn

# How long a pool is closed that a finding has left in any state.
BRIEFLY = 3.0
MAY_CREATE = "select coalesce(has_schema_privilege(current_schema(), 'create'), false)"


class Site:
    """A server as one role sees it.

    Args:
        loaded: the driver's adapter.
        dsn: where the driver connects to.
        behind: where the observer connects to, if that is another way.
    """

    def __init__(self, loaded: Loaded, dsn: Dsn, behind: Dsn | None = None) -> None:
        self.loaded = loaded
        self.dsn = dsn
        self.observer = Observer(behind or dsn)
        self._adapter: Any = None
        self._pools: list[Pool] = []
        self._made: list[str] = []

    @property
    def adapter(self) -> Any:
        """The driver's adapter; made at first use."""
        if self._adapter is None:
            self._adapter = self.loaded.make(str(self.dsn))
        return self._adapter

    async def open(self, size: int) -> Pool:
        """Open a pool. `release` closes it, if nothing did before."""
        pool = await opened(self.adapter, size)
        self._pools.append(pool)
        return pool

    @contextlib.asynccontextmanager
    async def pool(self, size: int) -> AsyncIterator[Pool]:
        """Give a pool; it is closed afterwards."""
        pool = await self.open(size)
        try:
            yield pool
        except BaseException:
            # What was found first is the finding, and not that such a pool cannot be closed either.
            with contextlib.suppress(Exception):
                await pool.close(BRIEFLY)
            raise
        finally:
            self._pools.remove(pool)
        await pool.close()

    def sqlstate(self, error: BaseException) -> str | None:
        """Return the error's SQLSTATE, as the adapter finds it."""
        found: str | None = self.adapter.sqlstate(error)
        return found

    async def may_create(self) -> bool:
        """Whether the role may make a table here."""
        return bool(await self.observer.value(MAY_CREATE))

    async def table(self, columns: str) -> str:
        """Make a table, and return its name."""
        return await self.make("table", f"({columns})")

    async def make(self, kind: str, rest: str = "") -> str:
        """Make a table, a sequence, a type or a procedure, and return its name.

        Raises:
            Inapplicable: if the role may not.
        """
        if not await self.may_create():
            message = f"the role {self.dsn.user} may make no {kind} in this database"
            raise Inapplicable(message)
        name = f"bridge_{secrets.token_hex(6)}"
        self._made.append(f"drop {kind} if exists {name}")
        await self.observer.rows(f"create {kind} {name} {rest}")
        return name

    async def release(self) -> None:
        """Close the pools, and remove what was made."""
        try:
            while self._pools:
                await self._pools.pop().close()
        finally:
            # A table that a session of the driver's still holds must not hold up the kit.
            with contextlib.suppress(Exception):
                while self._made:
                    await self.observer.rows(f"set lock_timeout = '2s'; {self._made.pop()}")
            await self.observer.close()
