"""What can a forked child do with the pool, and what does the fork do to its parent?"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import warnings

import pytest

from fraiseql import PrototypePool
from pool_server import DEADLINE, SETTINGS, run


def in_child(work: object) -> int:
    """Fork, run ``work`` in the child, and return its exit status, or minus the signal that ended it."""
    with warnings.catch_warnings():
        # Python 3.12 and later warn of a fork beside threads, which this test does on purpose.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        signal.alarm(5)
        try:
            work()  # type: ignore[operator]
        except BaseException:  # noqa: BLE001
            os._exit(9)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_a_forked_child_is_told(make_used_pool: PrototypePool) -> None:
    async def ask() -> None:
        with pytest.raises(RuntimeError, match="forked"):
            make_used_pool.health_check()

    def child() -> None:
        run(ask())

    assert in_child(child) == 0


async def fork_under_load(count: int) -> list[int]:
    """Fork while another thread's queries keep the runtime busy. Each child drops a pool and ends."""
    pool = PrototypePool(**{**SETTINGS, "max_connections": 16})
    holder = [PrototypePool(**{**SETTINGS, "max_connections": 1})]
    before = await holder[0].fetchval("select pg_backend_pid()")
    forking = True

    async def keep_busy() -> None:
        while forking:
            assert await pool.fetchval("select 1") == 1

    def child() -> None:
        holder.clear()
        gc.collect()

    load = [asyncio.ensure_future(keep_busy()) for _ in range(64)]
    statuses = []
    for _ in range(count):
        await asyncio.sleep(0.001)
        statuses.append(in_child(child))
    forking = False
    await asyncio.wait_for(asyncio.gather(*load), DEADLINE)
    assert await holder[0].fetchval("select pg_backend_pid()") == before
    for left in (pool, holder[0]):
        await left.close()
    return statuses


# A child that dropped the pool as its parent does would wait for ever if the parent's threads held a lock at the fork
# (measured: one child of 200). A child would also wait in any call into an extension if those threads held the lock of
# PyO3's list of references to release. So the threads stand still during a fork; before they did, 19 of 10,000 children
# hung over future_into_py.
@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
@pytest.mark.parametrize("count", [50, pytest.param(900, marks=pytest.mark.slow)])
def test_a_forked_child_leaves_its_parents_pool_alone(count: int) -> None:
    assert set(run(fork_under_load(count))) == {0}


@pytest.fixture
def make_used_pool() -> PrototypePool:
    pool = PrototypePool(**{**SETTINGS, "max_connections": 1})

    async def use() -> None:
        await pool.health_check()

    run(use())
    return pool
