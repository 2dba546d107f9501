"""Is a program that was forked a process like any other, whose interpreter begins and ends by itself?"""

from __future__ import annotations

import asyncio
import atexit
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_pyo3_bridge import forkserver
from pytest_pyo3_bridge.program import Programs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pytest_pyo3_bridge.program import Ended

pytestmark = pytest.mark.skipif(not forkserver.AVAILABLE, reason="programs are forked on Linux alone")


def ends(_make: Any, how: str) -> None:
    """End in one of the ways that a program has."""
    atexit.register(print, "finalised")
    # The interpreter waits for it.
    threading.Timer(0.2, lambda: print("joined", flush=True)).start()
    print(os.getppid(), flush=True)
    if how == "raise":
        raise KeyError(how)
    if how == "interrupt":
        raise KeyboardInterrupt
    if how == "exit":
        sys.exit(3)
    if how == "kill":
        os.kill(os.getpid(), signal.SIGSEGV)


def looks(make: Any) -> None:
    """Tell what a fresh process has: no adapter but its own, three descriptors, and no more arguments than `-c`."""
    make()
    # The descriptor of the folder that is read is closed by then.
    open_ones = [path.name for path in Path("/proc/self/fd").iterdir() if path.exists()]
    print(os.getpid(), sorted(open_ones), sys.argv, signal.getsignal(signal.SIGCHLD) is signal.SIG_DFL, flush=True)


def sleeps(_make: Any) -> None:
    """Wait to be ended."""
    print("ready", flush=True)
    time.sleep(60)


@pytest.fixture
def adapter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An adapter that tells a file of each process that imports it."""
    told = tmp_path / "imported"
    methods = "".join(f"    def {name}(self, *given):\n        return None\n" for name in ("quick", "slow", "fail"))
    tells = f"import os\nwith open({str(told)!r}, 'a') as file:\n    print(os.getpid(), file=file)\n"
    text = f"{tells}class Adapter:\n{methods}"
    (tmp_path / "told_subject.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    return "told_subject:Adapter"


def run(adapter: str, use: Callable[[Programs], Awaitable[Any]]) -> Any:
    async def go() -> Any:
        programs = Programs(adapter, None)
        try:
            return await use(programs)
        finally:
            programs.end()

    return asyncio.run(go())


@pytest.mark.parametrize(
    ("how", "status", "out", "err"),
    [
        ("return", 0, "joined\nfinalised\n", ""),
        ("exit", 3, "joined\nfinalised\n", ""),
        ("raise", 1, "joined\nfinalised\n", "KeyError: 'raise'"),
        ("interrupt", -signal.SIGINT, "joined\nfinalised\n", "KeyboardInterrupt"),
        ("kill", -signal.SIGSEGV, "", ""),
    ],
)
def test_its_interpreter_is_finalised_and_its_status_is_told(
    how: str, status: int, out: str, err: str, adapter: str
) -> None:
    ended: Ended = run(adapter, lambda programs: programs.run(ends, how))
    assert ended.status == status
    assert ended.out.split("\n", 1)[1] == out
    assert err in ended.err
    assert not ended.err or err


def test_it_begins_as_a_process_of_its_own_does(adapter: str, tmp_path: Path) -> None:
    async def two(programs: Programs) -> list[Ended]:
        return list(await asyncio.gather(programs.run(looks), programs.run(looks)))

    told = [ended.out.strip().split(" ", 1) for ended in run(adapter, two)]
    assert [facts for _, facts in told] == ["['0', '1', '2'] ['-c'] True"] * 2
    # The adapter was imported by each program, and by nobody else.
    assert sorted((tmp_path / "imported").read_text().split()) == sorted(pid for pid, _ in told)


def test_it_ends_when_its_starter_lets_go_of_it_or_its_minder_is_gone(adapter: str) -> None:
    async def lets_go(programs: Programs) -> int:
        async with programs.start(sleeps) as running:
            await running.ready()
            pid: int = running.process.pid
        return pid

    async def loses(programs: Programs) -> int:
        async with programs.start(sleeps) as running:
            await running.ready()
            os.kill(int(_stat(running.process.pid)[1]), signal.SIGKILL)
            assert (await running.end()).status == -signal.SIGKILL
            return int(running.process.pid)

    for use in (lets_go, loses):
        assert _is_over(run(adapter, use))


def _stat(pid: int | str) -> list[str]:
    """Return a process's state, its parent and more; nothing if there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return []


def _processes() -> list[str]:
    return [path.name for path in Path("/proc").iterdir() if path.name.isdigit()]


def _is_over(pid: int, seconds: float = 10.0) -> bool:
    """Wait until a process is gone, or is left by its parent for the first process to take."""
    deadline = time.monotonic() + seconds
    while _stat(pid)[:1] not in ([], ["Z"]):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_a_server_that_is_gone_is_replaced(adapter: str) -> None:
    async def use(programs: Programs) -> tuple[int, int]:
        first = await programs.run(ends, "return")
        servers = [int(name) for name in _processes() if _stat(name)[1:2] == [str(os.getpid())]]
        for server in servers:
            os.kill(server, signal.SIGKILL)
            assert _is_over(server)
        return first.status, (await programs.run(ends, "return")).status

    assert run(adapter, use) == (0, 0)
