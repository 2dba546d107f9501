"""How does a check see a process end, fork or be interrupted? A function of the kit runs as a program of its own.

`Programs` starts such a program; `main` is what runs in it. Programs stay in their starter's process group, so the
clock outside ends them as well.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import importlib
import json
import os
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_pyo3_bridge import boot, forkserver, patience, stacks
from pytest_pyo3_bridge.ceiling import Ceiling
from pytest_pyo3_bridge.forkserver import ForkServer
from pytest_pyo3_bridge.lifeline import die_with_parent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from pytest_pyo3_bridge.forkserver import Forked

# Not an argument: a DSN may hold a password, and everybody on a machine sees arguments.
ORDER = "PYTEST_PYO3_BRIDGE_ORDER"
# Beside other checks, on a machine with other work.
PATIENCE = 20.0


@dataclass(frozen=True)
class Ended:
    """How a program ended.

    Attributes:
        status: its exit status; a signal's number, negative, if one killed it.
        out: what it wrote to stdout.
        err: what it wrote to stderr.
        seconds: how long it ran, from the moment that it was waited for.
        unclosed: what the extension says on purpose where it was not closed.
    """

    status: int
    out: str
    err: str
    seconds: float
    unclosed: str = ""

    def sound(self) -> None:
        """Check that neither Rust nor Python crashed.

        Raises:
            AssertionError: with the end of what it said.
        """
        assert self.status >= 0, f"a signal killed the program ({signal_name(-self.status)}): {self.tail()}"
        loud = [
            word for word in ("panicked at", "Fatal Python error", "thread caused non-unwinding") if word in self.err
        ]
        assert not loud, f"the program said: {self.tail()}"

    def tail(self, lines: int = 12) -> str:
        """Return what its stderr says of a panic, else its end."""
        said = self.err.strip().splitlines()
        panics = [number for number, line in enumerate(said) if "panicked at" in line]
        # The sentence is in the next line, and a long backtrace may follow.
        shown = said[panics[0] : panics[0] + 3] if panics else said[-lines:]
        return "\n".join(shown) or "(it said nothing)"


class Programs:
    """Starts programs on one adapter.

    Args:
        adapter: as `adapter.load` takes it.
        dsn: for a Postgres adapter.
        unclosed: what the extension says on purpose where it was not closed.
    """

    def __init__(self, adapter: str, dsn: str | None, unclosed: str = "") -> None:
        self.adapter = adapter
        self.dsn = dsn
        self.unclosed = unclosed
        self.ceiling = Ceiling()
        self._server = ForkServer() if forkserver.AVAILABLE else None

    def end(self) -> None:
        """Let nothing of what starts programs be left."""
        if self._server is not None:
            self._server.end()

    @contextlib.asynccontextmanager
    async def start(
        self, function: Callable[..., Any], *arguments: Any, under: Sequence[str] = ()
    ) -> AsyncIterator[Running]:
        """Start a program; it is gone afterwards.

        Args:
            function: as `run` has it.
            arguments: what JSON can hold.
            under: the command that runs the program's own, such as ``valgrind``.
        """
        order = {
            "adapter": self.adapter,
            "dsn": self.dsn,
            "function": f"{function.__module__}:{function.__qualname__}",
            "arguments": arguments,
            "patience": patience.factor(),
        }
        text = json.dumps(order)
        if under or self._server is None:
            process: asyncio.subprocess.Process | Forked = await _start_anew(text, under)
        else:
            process = await self._server.start(text)
        try:
            with self.ceiling.over(process.pid):
                yield Running(process, self.ceiling, self.unclosed)
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
            await process.communicate()

    async def run(
        self, function: Callable[..., Any], *arguments: Any, seconds: float = PATIENCE, under: Sequence[str] = ()
    ) -> Ended:
        """Run a program to its end.

        Args:
            function: a function of a module; gets a maker of core adapters, then the arguments.
            arguments: what JSON can hold.
            seconds: how long it may take.
            under: the command that runs the program's own, such as ``valgrind``.

        Raises:
            AssertionError: if it takes longer; the text holds its stacks.
        """
        async with self.start(function, *arguments, under=under) as running:
            return await running.end(seconds)


async def _start_anew(order: str, under: Sequence[str]) -> asyncio.subprocess.Process:
    """Start a program where none is forked."""
    return await asyncio.create_subprocess_exec(
        *under,
        *boot.command("program"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**boot.environment(), ORDER: order},
        limit=forkserver.LIMIT,
    )


class Running:
    """A program that runs."""

    def __init__(self, process: asyncio.subprocess.Process | Forked, ceiling: Ceiling, unclosed: str = "") -> None:
        self.process = process
        self.ceiling = ceiling
        self.unclosed = unclosed
        self.read: list[str] = []

    async def line(self, seconds: float = PATIENCE) -> str:
        """Wait for a line of its stdout, and return it; an empty text if it ended.

        Raises:
            AssertionError: if none comes in time.
        """
        assert self.process.stdout is not None
        seconds = patience.patient(seconds)
        try:
            line = (await asyncio.wait_for(self.process.stdout.readline(), seconds)).decode(errors="replace")
        except asyncio.TimeoutError:
            raise AssertionError(await self._hangs(f"said nothing within {seconds:g} s")) from None
        self.read.append(line)
        return line.strip()

    async def ready(self, seconds: float = PATIENCE) -> None:
        """Wait until it says that it is ready.

        Raises:
            AssertionError: if it ends or hangs before.
        """
        line = await self.line(seconds)
        if line != "ready":
            ended = await self.end()
            message = f"the program did not get as far as it should: {line} {ended.tail()}"
            raise AssertionError(message)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)

    async def end(self, seconds: float = PATIENCE) -> Ended:
        """Wait for its end.

        Raises:
            AssertionError: if it does not end in time; the text holds its stacks.
        """
        started = time.monotonic()
        seconds = patience.patient(seconds)
        ending = asyncio.ensure_future(self.process.communicate())
        done, _ = await asyncio.wait({ending}, timeout=seconds)
        if not done:
            shown = await self._hangs(f"did not end within {seconds:g} s", ending)
            raise AssertionError(shown)
        out, err = (text.decode(errors="replace") for text in ending.result())
        status = self.process.returncode
        assert status is not None
        err += self.ceiling.said(self.process.pid)
        return Ended(status, "".join(self.read) + out, err, time.monotonic() - started, self.unclosed)

    async def _hangs(self, what: str, ending: asyncio.Future[tuple[bytes, bytes]] | None = None) -> str:
        """Take its stacks, and kill it. Return the sentence and the stacks."""
        native = await asyncio.get_running_loop().run_in_executor(None, stacks.native, self.process.pid)
        if hasattr(signal, "SIGUSR1"):
            self.signal(signal.SIGUSR1)
            await asyncio.sleep(0.3)
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        _, err = await (ending if ending is not None else self.process.communicate())
        return f"the program {what}\n{err.decode(errors='replace')[-4000:]}\n{native}"


def signal_name(number: int) -> str:
    """Return ``SIGSEGV`` for 11."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def main() -> None:
    """Obey the order that the environment holds."""
    obey(os.environ.pop(ORDER))


def obey(text: str) -> None:
    """Run the function that an order names, with its arguments; the order is JSON, as `Programs.start` writes it."""
    from pytest_pyo3_bridge.adapter import load  # noqa: PLC0415 (a program without an order imports nothing)
    from pytest_pyo3_bridge.maker import core_maker  # noqa: PLC0415

    order = json.loads(text)
    die_with_parent()
    patience.multiply_by(order["patience"])
    if hasattr(signal, "SIGUSR1"):
        faulthandler.register(signal.SIGUSR1, all_threads=True)
    # A shell that starts work in the background lets it ignore Ctrl-C, and so would this program.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    module, name = order["function"].split(":")
    function = getattr(importlib.import_module(module), name)
    function(core_maker(load(order["adapter"]), order["dsn"]), *order["arguments"])
