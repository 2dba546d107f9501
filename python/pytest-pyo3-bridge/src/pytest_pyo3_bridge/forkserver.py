"""How does a program of the kit begin at once? A server forks it, with all imported that every program needs.

An interpreter, asyncio and what it imports take a quarter of a second of processor time, and a session starts dozens of
programs. The server never imports the adapter: what the extension does when it is imported, and when the interpreter
ends, happens in the program. `multiprocessing.forkserver` is no help, for it ends a process by `os._exit`, and an
interpreter that is not finalised hides what checks look for.

The order of descent is server, minder, program. The minder keeps the program's number taken, and tells how it ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
import signal
import socket
import subprocess
import sys

from pytest_pyo3_bridge import boot
from pytest_pyo3_bridge.lifeline import die_with_parent

# `os.waitid` and a kernel that ends the programs with their starter.
AVAILABLE = sys.platform.startswith("linux")
# What programs import that is neither the adapter's nor the extension's.
_NEEDED = ("asyncio", "concurrent.futures.thread", "importlib.metadata", "pytest_pyo3_bridge.postgres.as_core")
# A line of output may be long.
LIMIT = 1 << 24


class ForkServer:
    """Starts programs; begins with the first one."""

    def __init__(self) -> None:
        self._server: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    async def start(self, order: str) -> Forked:
        """Start a program.

        Args:
            order: what `program.obey` takes.
        """
        control = self._begun()
        mine, minders = socket.socketpair()
        out, program_out = os.pipe()
        err, program_err = os.pipe()
        try:
            socket.send_fds(control, [b"\n"], [minders.fileno(), program_out, program_err])
        finally:
            minders.close()
            os.close(program_out)
            os.close(program_err)
        answers, orders = await asyncio.open_connection(sock=mine)
        orders.write(order.encode() + b"\n")
        pid = int(await answers.readline() or 0)
        assert pid, "the process that forks programs is gone"
        return Forked(pid, await _reader(out), await _reader(err), answers, orders)

    def end(self) -> None:
        """End the server; its programs end with it."""
        if self._control is not None and self._server is not None:
            self._control.close()
            self._server.wait()
        self._control = self._server = None

    def _begun(self) -> socket.socket:
        """Return the way to a server that runs."""
        if self._server is not None and self._server.poll() is not None:
            self.end()
        if self._control is None:
            self._control, servers = socket.socketpair()
            with servers:
                self._server = subprocess.Popen(  # noqa: S603
                    [*boot.command("forkserver"), str(servers.fileno())],
                    stdin=subprocess.DEVNULL,
                    env=boot.environment(),
                    pass_fds=[servers.fileno()],
                )
        return self._control


class Forked:
    """A program that was forked, with the methods of `asyncio.subprocess.Process` that the kit uses.

    Attributes:
        pid: its number, which is nobody else's before `communicate` has returned.
        returncode: its status as soon as somebody has waited for it; a signal's number, negative, if one killed it.
    """

    def __init__(
        self,
        pid: int,
        stdout: asyncio.StreamReader,
        stderr: asyncio.StreamReader,
        answers: asyncio.StreamReader,
        orders: asyncio.StreamWriter,
    ) -> None:
        self.pid = pid
        self.stdout = stdout
        self.stderr = stderr
        self.returncode: int | None = None
        self._answers = answers
        self._orders = orders

    async def communicate(self) -> tuple[bytes, bytes]:
        """Wait for its end, and return what is left to read of its stdout and its stderr."""
        out, err, status = await asyncio.gather(self.stdout.read(), self.stderr.read(), self._answers.readline())
        if self.returncode is None:
            self.returncode = int(status or -signal.SIGKILL)
            self._orders.close()
        return out, err

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it is not over."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it, if it is not over."""
        self.send_signal(signal.SIGKILL)


async def _reader(descriptor: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=LIMIT)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb")
    )
    return reader


def main() -> None:
    """Fork programs until nobody can ask for one any more. Each of them returns from here, the server does not."""
    from pytest_pyo3_bridge.program import obey  # noqa: PLC0415 (that module starts this one)

    die_with_parent()
    for name in _NEEDED:
        importlib.import_module(name)
    obey(_serve(socket.socket(fileno=int(sys.argv.pop()))))


def _serve(control: socket.socket) -> str:
    """Return an order, in the process that is to obey it."""
    # Nobody waits for a minder.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        said, descriptors, _, _ = socket.recv_fds(control, 1, 3)
        if not said:
            os._exit(0)
        if os.fork() == 0:
            control.close()
            return _mind(*descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _mind(way: int, out: int, err: int) -> str:
    """Return the order in the program; in the minder, tell how it ended, and end."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    starter = socket.socket(fileno=way)
    with starter.makefile("r", encoding="utf-8") as lines:
        order = lines.readline()
    pid = os.fork()
    if pid == 0:
        starter.close()
        os.dup2(out, 1)
        os.dup2(err, 2)
    os.close(out)
    os.close(err)
    if pid == 0:
        return order
    _tell(starter, pid)
    os._exit(0)


def _tell(starter: socket.socket, pid: int) -> None:
    """Tell the starter which program runs, and how it ended."""
    die_with_parent()
    with contextlib.suppress(OSError):
        starter.sendall(f"{pid}\n".encode())
        # A number is not given again before somebody has waited for the process.
        ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        assert ended is not None
        status = ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
        starter.sendall(f"{status}\n".encode())
        starter.recv(1)
    os.waitpid(pid, 0)
