"""The fixtures of the prototype's tests: a pool as configured, pools of other sizes, and a watch on the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

import pytest
import pytest_asyncio

from database import BRIDGE, DB_CONFIG
from fraiseql._fraiseql_rs import PrototypePool
from loop_choice import choose_loop
from pytest_pyo3_bridge.leak import Plan
from query_load import LeakCheck, Workload, check_for_leaks
from server_watch import ServerWatch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pool_probe import PoolMaker

choose_loop()


@pytest.fixture
def make_pool() -> PoolMaker:
    """Return a maker of pools that differ from DB_CONFIG in the given keys, over the bridge under test."""

    def make(**changes: Any) -> PrototypePool:
        return PrototypePool(**{**DB_CONFIG, "bridge": BRIDGE, **changes})

    return make


@pytest.fixture
def pool(make_pool: PoolMaker) -> PrototypePool:
    """Return a pool of DB_CONFIG."""
    return make_pool()


@pytest_asyncio.fixture
async def watch() -> AsyncIterator[ServerWatch]:
    """Return a second connection that looks at the server."""
    watch = await ServerWatch.open()
    yield watch
    await watch.close()


@pytest.fixture
def leak_check(make_pool: PoolMaker, watch: ServerWatch, record_property: Callable[[str, Any], None]) -> LeakCheck:
    """Return a check that runs a workload over a full pool and judges what grew."""

    async def check(workload: Workload, plan: Plan | None = None, max_connections: int = 10) -> None:
        pool = make_pool(max_connections=max_connections)
        await check_for_leaks(pool, watch, workload, plan or Plan(), record_property)

    return check
