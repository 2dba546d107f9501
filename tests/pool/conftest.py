"""Which fixtures does a test of the pool get? Pools, which are closed after it, and an observer of the server."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from fraiseql import PrototypePool, _fraiseql_rs
from pool_server import DEADLINE, SETTINGS, MakePool, Observer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

# Wheels that are published cannot panic on demand. The harness's own tests build one that can.
collect_ignore = [] if hasattr(_fraiseql_rs, "_panic") else ["test_panic.py"]


@pytest_asyncio.fixture
async def make_pool() -> AsyncIterator[MakePool]:
    pools: list[PrototypePool] = []

    def make(**settings: Any) -> PrototypePool:
        pools.append(PrototypePool(**{**SETTINGS, "max_connections": 4, **settings}))
        return pools[-1]

    yield make
    for pool in pools:
        await asyncio.wait_for(pool.close(), DEADLINE)


@pytest.fixture
def pool(make_pool: MakePool) -> PrototypePool:
    """Give a pool of four connections."""
    return make_pool()


@pytest.fixture
def lone(make_pool: MakePool) -> PrototypePool:
    """Give a pool of one connection that is never reset: the next query meets all that a query leaves behind."""
    return make_pool(max_connections=1, reset="never")


@pytest.fixture
def observer(make_pool: MakePool) -> Observer:
    return Observer(make_pool(max_connections=1))


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Give an empty home, and hide the ``PG*`` variables of this run."""
    for name in list(os.environ):
        if name.startswith("PG"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path
