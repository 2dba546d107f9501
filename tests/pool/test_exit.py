"""Does an interpreter that exits with work in flight end as if there were no work?"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import sysconfig
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from fraiseql import PrototypePool
from loop_choice import CHOOSE_LOOP, LOOP
from pool_server import DEADLINE, SETTINGS, Observer, run

# The beginning of every program.
HEAD = f"""
import asyncio, gc, json, os, random, sys, threading, time
from fraiseql import PrototypePool
{CHOOSE_LOOP}
pool = PrototypePool(**json.loads(sys.argv[2]))
chance = random.Random(int(sys.argv[1]))
"""

# Ways to leave the interpreter while the pool is at work, each with the exit status that it must have.
PROGRAMS = {
    "main ends": (
        """
        async def main():
            for _ in range(20):
                pool.fetch("select pg_sleep(30) -- exit")
                asyncio.ensure_future(pool.fetch(f"select pg_sleep({chance.random() / 50})"))
            await asyncio.sleep(chance.random() / 20)
        asyncio.run(main())
        """,
        0,
    ),
    "main raises": (
        """
        async def main():
            work = [asyncio.ensure_future(pool.fetchval(f"select {number}")) for number in range(200)]
            await work[chance.randrange(20)]
            raise SystemExit(7)
        asyncio.run(main())
        """,
        7,
    ),
    "the loop is left standing": (
        """
        loop = asyncio.new_event_loop()
        async def main():
            for _ in range(50):
                pool.execute_query("select generate_series(1, 2000)")
            await asyncio.sleep(chance.random() / 50)
        loop.run_until_complete(main())
        # Left open on purpose; its own complaint about that is not ours.
        import warnings
        warnings.simplefilter("ignore")
        """,
        0,
    ),
    "a daemon thread works on": (
        """
        def work():
            async def main():
                while True:
                    await asyncio.gather(*(pool.fetchval("select 1") for _ in range(10)))
            asyncio.run(main())
        threading.Thread(target=work, daemon=True).start()
        time.sleep(0.05 + chance.random() / 20)
        """,
        0,
    ),
    "nothing was ever asked": ("", 0),
    "a finaliser asks": (
        """
        class Garbage:
            def __init__(self):
                self.itself = self
            def __del__(self):
                if asyncio._get_running_loop():
                    pool.execute("select 1")
        async def main():
            gc.disable()
            Garbage()
            gc.set_threshold(1, 1, 1)
            gc.enable()
            await pool.fetchval("select 2")
        asyncio.run(main())
        """,
        0,
    ),
    "many queries are at work": (
        """
        pool = PrototypePool(**{**json.loads(sys.argv[2]), "max_connections": 20})
        async def main():
            for _ in range(20):
                pool.fetch("select pg_sleep(30) -- exit")
            while pool.pool_status()["available"] or pool.pool_status()["size"] < 20:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)
        asyncio.run(main())
        """,
        0,
    ),
}


def leave(name: str, seed: int) -> tuple[int, str]:
    """Run a program to its end. Return its exit status and its stderr."""
    program, _ = PROGRAMS[name]
    command = [sys.executable, "-c", HEAD + textwrap.dedent(program), str(seed), json.dumps(SETTINGS)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=3 * DEADLINE, check=False)  # noqa: S603
    return ended.returncode, ended.stderr


def check_exits(name: str, count: int) -> None:
    _, expected = PROGRAMS[name]
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda seed: leave(name, seed), range(count)))
    # A daemon thread that Python itself ends may still print an error; only a panic or an abort is our fault.
    assert {status for status, _ in found} == {expected}
    said = {error for _, error in found}
    assert not any("panicked" in error or "Fatal" in error for error in said)
    assert said == {""} or name == "a daemon thread works on"


# The free-threaded 3.13 ends a daemon thread that may hold a dict's lock, and the exit then waits for this lock for
# ever. It happens to Python alone: 8 of 1,500 exits hung beside a daemon thread that only used asyncio's executor.
LOSES_LOCKS = sys.version_info < (3, 14) and bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
# uvloop asks for the interpreter when its poll returns. Before 3.15 Python crashes if it has ended by then (in
# `PyThreadState_New`, called by uvloop's `__on_uvpoll_event`). It happens to uvloop alone: each of five exits crashed
# beside a daemon thread that only waits for a pipe, if the byte comes after `Py_FinalizeEx`. asyncio's loop does not.
CRASHES_AFTER_THE_END = sys.version_info < (3, 15) and LOOP == "uvloop"
LEFT_OUT = {"a daemon thread works on"} if LOSES_LOCKS or CRASHES_AFTER_THE_END else set()


@pytest.mark.parametrize("name", [name for name in PROGRAMS if name not in LEFT_OUT])
def test_an_exit_with_work_in_flight_is_quiet(name: str) -> None:
    check_exits(name, 8)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in PROGRAMS if name not in LEFT_OUT])
def test_two_hundred_exits_are_quiet(name: str) -> None:
    check_exits(name, 200 // len(PROGRAMS))


async def gone(tag: str) -> None:
    async with PrototypePool(**SETTINGS) as pool:
        await Observer(pool).wait_for(tag, 0)


def test_an_exit_stops_the_queries_on_the_server() -> None:
    for seed in range(3):
        assert leave("many queries are at work", seed) == (0, "")
        run(asyncio.wait_for(gone("-- exit"), 1.0))


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT to a process alone")
def test_ctrl_c_ends_a_query_and_the_process() -> None:
    program = HEAD + textwrap.dedent(
        """
        async def main():
            print("ready", flush=True)
            await pool.fetch("select pg_sleep(30) -- interrupted")
        asyncio.run(main())
        """
    )
    command = [sys.executable, "-c", program, "0", json.dumps(SETTINGS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.3)
        started = time.monotonic()
        os.kill(process.pid, signal.SIGINT)
        _, error = process.communicate(timeout=DEADLINE)
    assert time.monotonic() - started < 2.0
    assert "KeyboardInterrupt" in error
    assert "panicked" not in error
    run(asyncio.wait_for(gone("-- interrupted"), 1.0))
