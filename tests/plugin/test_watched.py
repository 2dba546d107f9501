"""Does the plugin know the memory and the age of a process, with psutil and without it?"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from matrix_cell import watched
from matrix_cell.watched import Watched

if TYPE_CHECKING:
    from collections.abc import Iterator

WAITS = [sys.executable, "-c", "print(flush=True); input()"]


@pytest.fixture(params=["psutil", "kernel"], autouse=True)
def source(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the project bring psutil, or not."""
    if request.param == "kernel":
        monkeypatch.setattr(watched, "psutil", None)


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    """Give a process that has begun, and ends when its input does."""
    with subprocess.Popen(WAITS, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:  # noqa: S603
        assert child.stdout is not None
        child.stdout.readline()
        yield child


def test_memory_is_the_resident_set(child: subprocess.Popen[bytes]) -> None:
    # The child waits, so nothing of it moves.
    assert Watched(child.pid).memory() == psutil.Process(child.pid).memory_info().rss


def test_process_that_ended_holds_no_memory(child: subprocess.Popen[bytes]) -> None:
    process = Watched(child.pid)
    assert process.memory() > 0
    child.communicate(b"")
    assert process.memory() == 0


def test_start_is_that_of_the_system(child: subprocess.Popen[bytes]) -> None:
    # The kernel tells when it booted in whole seconds.
    assert abs(Watched(child.pid).started() - psutil.Process(child.pid).create_time()) <= 1
    assert Watched().started() <= Watched(child.pid).started()
