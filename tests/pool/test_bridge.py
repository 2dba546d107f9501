"""Which way do results take to asyncio, and what if the loop cannot watch sockets, or another loop takes over?"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
import pytest

from fraiseql import PrototypePool
from pool_server import BRIDGE, DEADLINE, SETTINGS, Observer, run

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from pool_server import MakePool

BRIDGES = ("future_into_py", "completion_queue", "loop_native")
WATCHING = ("completion_queue", "loop_native")

T = TypeVar("T")


class BlindLoop(asyncio.SelectorEventLoop):
    """A loop that cannot watch sockets, like the proactor on Windows."""

    def add_reader(self, *_: Any) -> None:  # type: ignore[override]
        raise NotImplementedError


def run_on(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T]) -> T:
    try:
        return loop.run_until_complete(asyncio.wait_for(work, DEADLINE))
    finally:
        loop.close()


async def pid(pool: PrototypePool) -> int:
    found: int = await pool.fetchval("select pg_backend_pid()")
    return found


async def test_this_run_is_about_the_bridge_that_was_asked_for(pool: PrototypePool) -> None:
    await pool.health_check()
    assert pool.pool_status()["bridge"] == BRIDGE or BRIDGE is None


def test_an_unknown_bridge_is_refused() -> None:
    with pytest.raises(ValueError, match=r'bridge must be one of .*, got "x"'):
        PrototypePool("postgres", bridge="x")  # type: ignore[arg-type]


@pytest.mark.parametrize("bridge", BRIDGES)
async def test_the_figures_name_the_bridge(make_pool: MakePool, bridge: str) -> None:
    pool = make_pool(bridge=bridge)
    for _ in range(2):
        status = pool.pool_status()
        assert (status["bridge"], status["bridge_requested"]) == (bridge, bridge)
        assert await pool.fetchval("select 1") == 1


async def test_bridges_live_side_by_side(make_pool: MakePool) -> None:
    pools = [make_pool(bridge=bridge) for bridge in BRIDGES]
    answers = await asyncio.gather(*(pool.fetchval("select $1::int", n) for n in range(300) for pool in pools))
    assert answers == [n for n in range(300) for _ in pools]


@pytest.mark.parametrize("bridge", WATCHING)
def test_a_loop_that_cannot_watch_sockets_gets_the_reference(bridge: str) -> None:
    pool = PrototypePool(**{**SETTINGS, "bridge": bridge})

    async def ask() -> list[int]:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(pool.execute("select pg_sleep(30) -- blind"), 0.1)
        answers: list[int] = await asyncio.gather(*(pool.fetchval("select $1::int", n) for n in range(50)))
        return answers

    assert run_on(BlindLoop(), ask()) == list(range(50))
    status = pool.pool_status()
    assert (status["bridge"], status["bridge_requested"]) == ("future_into_py", bridge)
    run(Observer(pool).wait_for("-- blind", 0))
    run(pool_closed(pool))


@pytest.mark.parametrize("bridge", WATCHING)
def test_a_connection_goes_from_loop_to_loop(bridge: str) -> None:
    """One of the loops cannot watch the connection's socket."""
    pool = PrototypePool(**{**SETTINGS, "bridge": bridge, "max_connections": 1})
    first = run(pid(pool))
    assert run_on(BlindLoop(), pid(pool)) == first
    assert run(pid(pool)) == first
    assert pool.pool_status()["bridge"] == bridge
    run(pool_closed(pool))


async def pool_closed(pool: PrototypePool) -> None:
    await asyncio.wait_for(pool.close(), DEADLINE)


def test_a_pool_without_a_loop_lets_its_sessions_go() -> None:
    """No loop runs that would read the sockets."""
    pool = PrototypePool(**SETTINGS)
    run(pid(pool))
    pool = PrototypePool(**{**SETTINGS, "max_idle_time": 0.2})
    left = run(pid(pool))
    time.sleep(0.6)
    assert pool.pool_status()["size"] == 0
    sql = f"select count(*) from pg_stat_activity where pid = {left}"
    run(Observer(PrototypePool(**SETTINGS)).until_none(sql))


def test_a_loop_that_is_busy_elsewhere_does_not_hold_up_another() -> None:
    """Two loops share a pool, and one of them does something else for a while."""
    pool = PrototypePool(**{**SETTINGS, "max_connections": 1})
    run(pid(pool))
    begun, done = threading.Event(), threading.Event()

    async def sleep_on_the_job() -> None:
        await pid(pool)
        begun.set()
        done.wait(DEADLINE)

    async def ask() -> None:
        for _ in range(100):
            await pid(pool)

    sleeper = threading.Thread(target=run, args=(sleep_on_the_job(),))
    sleeper.start()
    assert begun.wait(DEADLINE)
    started = time.monotonic()
    run(asyncio.wait_for(ask(), DEADLINE))
    done.set()
    sleeper.join(DEADLINE)
    assert time.monotonic() - started < DEADLINE


async def test_an_endless_result_leaves_the_loop_its_turn(lone: PrototypePool) -> None:
    task = asyncio.ensure_future(lone.execute("select repeat('x', 1000) from generate_series(1, 100000000)"))
    for _ in range(20):
        await asyncio.wait_for(asyncio.sleep(0.01), DEADLINE)
    assert not task.done()
    task.cancel()
    await asyncio.wait({task})
    assert await asyncio.wait_for(lone.fetchval("select 'next'"), DEADLINE) == "next"


# Each row is made by Python code, which notes the loop's turn. A large result is made in many turns: no turn makes more
# than a fraction of it. (Over future_into_py another thread makes the rows, and Python itself takes turns.)
SLICES = """
import asyncio, json, sys
from collections import Counter
documents, turn, rows = json.loads, 0, Counter()
def loads(text):
    rows[turn] += 1
    for _ in range(1000):
        pass
    return documents(text)
settings = json.loads(sys.argv[1])
json.loads = loads
from fraiseql import PrototypePool
async def main():
    global turn
    pool = PrototypePool(**settings)
    asked = asyncio.ensure_future(pool.fetch("select '[]'::json from generate_series(1, 20000)"))
    while not asked.done():
        await asyncio.sleep(0)
        turn += 1
    assert len(asked.result()) == 20000 == sum(rows.values())
asyncio.run(main())
print(max(rows.values()))
"""


@pytest.mark.parametrize("bridge", WATCHING)
def test_a_large_result_is_made_in_many_turns_of_the_loop(bridge: str) -> None:
    command = [sys.executable, "-c", SLICES, json.dumps({**SETTINGS, "bridge": bridge})]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=3 * DEADLINE, check=False)  # noqa: S603
    assert (ended.returncode, ended.stderr) == (0, "")
    assert int(ended.stdout) < 5000


async def test_a_result_that_nobody_awaits_is_no_trouble(pool: PrototypePool) -> None:
    for number in range(200):
        pool.fetchval("select $1::int", number)
    assert await pool.fetchval("select 'last'") == "last"


def test_two_loops_that_take_turns_keep_what_they_have() -> None:
    psutil = pytest.importorskip("psutil")
    pool = PrototypePool(**{**SETTINGS, "max_connections": 1})
    loops = [asyncio.new_event_loop() for _ in range(2)]

    def take_turns() -> int:
        for loop in loops:
            loop.run_until_complete(pid(pool))
        return int(psutil.Process().num_fds())

    before = take_turns()
    for _ in range(20):
        after = take_turns()
    assert after <= before + 2
    loops[0].run_until_complete(pool_closed(pool))
    for loop in loops:
        loop.close()


def test_a_loop_that_stood_still_hears_what_happened_meanwhile() -> None:
    pool = PrototypePool(**{**SETTINGS, "max_connections": 1})
    loop = asyncio.new_event_loop()
    first = loop.run_until_complete(pid(pool))
    # Do not ask through a pool: the loop under it would read this pool's sockets as well.
    names = {"database": "dbname", "username": "user"}
    server = {names.get(key, key): value for key, value in SETTINGS.items() if key != "bridge"}
    with psycopg.connect(**server, autocommit=True) as other:
        other.execute("select pg_terminate_backend(%s)", [first])
        while other.execute("select from pg_stat_activity where pid = %s", [first]).fetchone() is not None:
            time.sleep(0.005)
    assert loop.run_until_complete(pid(pool)) != first
    loop.run_until_complete(pool_closed(pool))
    loop.close()


def test_more_work_than_a_turn_of_the_loop_ends_without_a_loop() -> None:
    """The server does not answer the queries, and their loop was closed."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as silent:
        host, port = silent.getsockname()
        there = {"host": host, "port": port, "max_connections": 400, "acquire_timeout": None}
        pool = PrototypePool(**{**SETTINGS, **there})

        async def ask() -> None:
            for _ in range(400):
                pool.fetchval("select 1")

        run(ask())
        deadline = time.monotonic() + DEADLINE / 2
        while left := pool.pool_status()["waiting"]:
            assert time.monotonic() < deadline, f"{left} are left"
            time.sleep(0.01)


def test_the_loops_of_many_runs_leave_no_descriptor() -> None:
    psutil = pytest.importorskip("psutil")
    pool = PrototypePool(**{**SETTINGS, "max_connections": 1})
    run(pid(pool))
    before = psutil.Process().num_fds()
    for _ in range(20):
        run(pid(pool))
    # The watch looks ten times a second whether its loop is closed.
    deadline = time.monotonic() + DEADLINE
    while (left := psutil.Process().num_fds()) > before + 2:
        assert time.monotonic() < deadline, f"{left} descriptors, {before} before"
        time.sleep(0.1)
        run(pid(pool))
    run(pool_closed(pool))
