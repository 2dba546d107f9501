"""Does a panic in the extension become an exception? Only a wheel with the feature ``faults`` can show it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

import fraiseql
from fraiseql import _fraiseql_rs
from pool_server import BRIDGE, DEADLINE

if TYPE_CHECKING:
    from fraiseql import PrototypePool


@pytest.mark.parametrize("stage", ["work", "answer"])
async def test_a_panic_is_an_exception(stage: str, pool: PrototypePool) -> None:
    panic = getattr(_fraiseql_rs, "_panic")  # noqa: B009
    with pytest.raises(fraiseql.InternalError, match="panic in the extension: on purpose"):
        await asyncio.wait_for(panic(stage, BRIDGE or "loop_native"), DEADLINE)
    assert await pool.health_check()
