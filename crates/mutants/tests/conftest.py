"""How does a test run a program that may hang? In a process group of its own, which a time limit ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass

import pytest

PRELUDE = """
import asyncio, contextvars, gc, os, signal, sys, threading, time
import bridge_mutants
from bridge_mutants import Awaitables, DatabaseError, MutantError, Pool
fault = os.environ.get("BRIDGE_MUTANT") or None
dsn = os.environ.get("BRIDGE_DSN")
def interrupt_after(seconds):
    threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT)).start()
def kilobytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024
"""


@dataclass(frozen=True)
class Ended:
    """How a program ended. `code` is None if it was ended because it hung."""

    code: int | None
    out: str
    err: str

    @property
    def is_hung(self) -> bool:
        return self.code is None


Run = Callable[..., Ended]


@pytest.fixture
def run() -> Run:
    """Runs `program` after the prelude, with the fault in `BRIDGE_MUTANT`."""

    def run(program: str, fault: str | None = None, limit: float = 30, **variables: str) -> Ended:
        environment = {**os.environ, "BRIDGE_MUTANT": fault or "", **variables}
        command = [sys.executable, "-W", "default", "-c", PRELUDE + textwrap.dedent(program)]
        process = subprocess.Popen(  # noqa: S603 - the programs are those of the tests
            command,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            out, err = process.communicate(timeout=limit)
            return Ended(process.returncode, out.strip(), err.strip())
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            return Ended(None, out.strip(), err.strip())

    return run


@pytest.fixture
def dsn() -> str:
    """The server of `BRIDGE_DSN`; a test that needs it is skipped without."""
    dsn = os.environ.get("BRIDGE_DSN")
    if not dsn:
        pytest.skip("needs a Postgres server: set BRIDGE_DSN")
    return dsn


def check(ended: Ended, out: str) -> None:
    """The program printed `out`, nothing else, and ended well."""
    assert ended == Ended(0, out, "")
