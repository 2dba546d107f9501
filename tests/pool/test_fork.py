"""What can a forked child do with the pool, and what does the fork do to its parent?"""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import time
import traceback
import warnings
from pathlib import Path
from typing import Any

import pytest

from fraiseql import PrototypePool
from pool_server import BRIDGE, DEADLINE, SETTINGS, run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")


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
            traceback.print_exc()
            os._exit(9)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


async def answers(pool: PrototypePool) -> None:
    found = await asyncio.gather(*(pool.fetchval("select $1::int", number) for number in range(20)))
    assert found == list(range(20))


async def use(pool: PrototypePool) -> None:
    """Ask the pool as a program would, and close it."""
    async with pool:
        await answers(pool)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(pool.execute("select pg_sleep(30) -- forked"), 0.1)
        await answers(pool)


def use_new_pool(**settings: Any) -> None:
    run(use(PrototypePool(**{**SETTINGS, **settings})))


def test_a_forked_child_is_told(make_used_pool: PrototypePool) -> None:
    async def ask() -> None:
        with pytest.raises(RuntimeError, match="belong to the parent\nhint: make a pool in each process"):
            make_used_pool.health_check()

    assert in_child(lambda: run(ask())) == 0


def test_an_unused_pool_may_be_used_on_both_sides_of_a_fork() -> None:
    pool = PrototypePool(**SETTINGS)
    if BRIDGE == "future_into_py":
        assert in_fresh_process("use_unused_pool") == 0
    else:
        assert in_child(lambda: run(use(pool))) == 0
    run(use(pool))


@pytest.mark.parametrize("bridge", ["completion_queue", "loop_native"])
def test_a_forked_child_uses_a_pool_of_its_own(bridge: str, make_used_pool: PrototypePool) -> None:
    def child() -> None:
        use_new_pool(bridge=bridge)
        # Its own child does as well.
        assert in_child(lambda: use_new_pool(bridge=bridge)) == 0

    for _ in range(3):
        assert in_child(child) == 0
    run(answers(make_used_pool))


def test_the_reference_bridge_says_that_it_cannot_follow_into_a_child() -> None:
    """The library keeps its runtime for ever. Without one it starts its own, in the child as well."""
    assert in_fresh_process("use_reference_in_child_only") == 0
    use_new_pool(bridge="future_into_py")

    async def ask() -> None:
        pool = PrototypePool(**{**SETTINGS, "bridge": "future_into_py"})
        with pytest.raises(RuntimeError, match='future_into_py cannot work here\nhint: use bridge="loop_native"'):
            pool.health_check()

    def child() -> None:
        run(ask())
        use_new_pool(bridge="loop_native")

    assert in_child(child) == 0


def test_children_of_multiprocessing_have_pools_of_their_own(make_used_pool: PrototypePool) -> None:
    """They are forked, and end without the interpreter's exit hooks."""
    run(answers(make_used_pool))
    context = multiprocessing.get_context("fork")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        children = [context.Process(target=use_new_pool, kwargs={"bridge": "loop_native"}) for _ in range(3)]
        for process in children:
            process.start()
    for process in children:
        process.join(DEADLINE)
    assert [process.exitcode for process in children] == [0, 0, 0]
    run(answers(make_used_pool))


def test_a_child_that_exits_like_a_program_ends_in_time() -> None:
    """Its exit hooks find nothing of the parent's to wait for."""
    started = time.monotonic()
    assert in_fresh_process("exit_in_child") == 0
    assert time.monotonic() - started < DEADLINE


# What runs in a process where nothing has used the library before, by name.
FRESH = {
    "use_unused_pool": """
        pool = PrototypePool(**SETTINGS)
        assert in_child(lambda: run(use(pool))) == 0
        run(use(pool))
        """,
    "use_reference_in_child_only": """
        use_new_pool(bridge="loop_native")
        assert in_child(lambda: use_new_pool(bridge="future_into_py")) == 0
        """,
    "exit_in_child": """
        pool = PrototypePool(**SETTINGS)
        async def leave_behind():
            pool.fetch("select pg_sleep(30) -- parent")
            await asyncio.sleep(0.1)
        # Outside of a running loop: from 3.14 on, asyncio itself hangs in a child that exits inside.
        loop = asyncio.new_event_loop()
        loop.run_until_complete(leave_behind())
        pid = os.fork()
        if pid == 0:
            sys.exit(3)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 3
        loop.close()
        """,
}


def in_fresh_process(name: str) -> int:
    program = "import warnings; warnings.simplefilter('ignore')\nfrom test_fork import *\n"
    command = [sys.executable, "-c", program + textwrap.dedent(FRESH[name])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    ended = subprocess.run(  # noqa: S603
        command, env=environment, capture_output=True, text=True, timeout=3 * DEADLINE, check=False
    )
    assert ended.stderr == ""
    return ended.returncode


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


def test_a_child_leaves_a_held_connection_alone() -> None:
    async def hold() -> None:
        pool = PrototypePool(**SETTINGS, max_connections=1)
        async with pool.acquire() as connection:
            session = await connection.fetchval("select pg_backend_pid()")
            held: list[Any] = [connection, connection.transaction()]

            def in_the_child() -> None:
                with pytest.raises(RuntimeError, match="forked"):
                    held[0].fetchval("select 1")
                held.clear()
                gc.collect()

            del connection
            assert in_child(in_the_child) == 0
            assert await held[0].fetchval("select pg_backend_pid()") == session
        await pool.close()

    run(hold())
