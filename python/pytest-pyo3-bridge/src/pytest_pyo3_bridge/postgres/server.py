"""What does a Postgres check get? The driver at the DSN's server, and hostile servers and ways of its own."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from pytest_pyo3_bridge.postgres import own
from pytest_pyo3_bridge.postgres.dsn import Dsn, parse
from pytest_pyo3_bridge.postgres.proxy import Proxy
from pytest_pyo3_bridge.postgres.site import Site

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager

    from pytest_pyo3_bridge.adapter import Loaded
    from pytest_pyo3_bridge.postgres.driver import Pool
    from pytest_pyo3_bridge.postgres.observer import Observer
    from pytest_pyo3_bridge.postgres.own import OwnServer
    from pytest_pyo3_bridge.trial import Trial


class Bench:
    """The bench of one check.

    Args:
        loaded: the driver's adapter.
        dsn: of ``--bridge-dsn``.
        server: ``bin``, the folder of ``--bridge-server-bin``, or nothing.
    """

    def __init__(self, loaded: Loaded, dsn: str, server: dict[str, Any] | None) -> None:
        self.loaded = loaded
        self.dsn = parse(dsn)
        self.server = server or {}
        self._sites: dict[Dsn, Site] = {}

    @property
    def site(self) -> Site:
        """The server of ``--bridge-dsn``. Others use it, too."""
        return self.at(self.dsn)

    @property
    def adapter(self) -> Any:
        """The driver's adapter there."""
        return self.site.adapter

    @property
    def observer(self) -> Observer:
        """A session of the kit's own there."""
        return self.site.observer

    def pool(self, size: int) -> AbstractAsyncContextManager[Pool]:
        """Give a pool there; it is closed afterwards."""
        return self.site.pool(size)

    def dsn_of(self, **parts: Any) -> Dsn:
        """Return the DSN with another host, port, user, password or database."""
        return self.dsn.with_(**parts)

    def at(self, dsn: Dsn, behind: Dsn | None = None) -> Site:
        """Return the driver elsewhere. `release` closes what it opened.

        Args:
            dsn: where the driver connects to.
            behind: where the observer connects to, if that is another way.
        """
        if dsn not in self._sites:
            self._sites[dsn] = Site(self.loaded, dsn, behind)
        return self._sites[dsn]

    async def writable(self) -> Site:
        """Return a server where tables can be made: the DSN's, else one of the kit's own.

        Raises:
            Inapplicable: if there is none.
        """
        return self.site if await self.site.may_create() else (await self.own_site())

    async def own_server(self) -> OwnServer:
        """Return the server of this worker. Only a check that runs alone may break it; it starts it again.

        Raises:
            Inapplicable: if there are no programs for one.
        """
        return await own.shared(self.server.get("bin"))

    async def own_site(self) -> Site:
        """Return the driver at the worker's own server."""
        return self.at((await self.own_server()).dsn)

    @contextlib.asynccontextmanager
    async def proxied(self, site: Site | None = None) -> AsyncIterator[tuple[Proxy, Site]]:
        """Give a proxy and the driver behind it. The observer takes the straight way.

        Only connections of this check break, so the DSN's server may stand behind it.
        """
        behind = (site or self.site).dsn
        async with Proxy(behind) as proxy:
            through = self.at(proxy.dsn, behind)
            try:
                yield proxy, through
            finally:
                await self.forget(through)

    async def forget(self, site: Site) -> None:
        """Close what a site opened, before the way to it goes."""
        del self._sites[site.dsn]
        await site.release()

    async def release(self) -> None:
        """Close and remove all that the check left."""
        while self._sites:
            await self._sites.popitem()[1].release()


def bench_of(trial: Trial) -> Bench:
    """Return the bench of a Postgres check."""
    assert trial.bench is not None
    return trial.bench
