"""Where do checks run? In a process of their own: orders in on stdin, what came of each check out, a JSON line each.

A second thread reads the orders, so the starter can ask where everything stands while a check is at work. If that
thread does not answer either, something holds the GIL.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import inspect
import json
import os
import queue
import signal
import sys
import threading
import time
import traceback
import zlib
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_pyo3_bridge import patience, standing
from pytest_pyo3_bridge.adapter import load
from pytest_pyo3_bridge.catalogue import Depth, Level, table
from pytest_pyo3_bridge.complaints import Complaints
from pytest_pyo3_bridge.lifeline import die_with_parent
from pytest_pyo3_bridge.maker import core_maker
from pytest_pyo3_bridge.program import Programs
from pytest_pyo3_bridge.trial import Inapplicable, Late, Trial, report_late_by

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_pyo3_bridge.catalogue import Check

# The check that this task makes.
_CHECK: ContextVar[str] = ContextVar("check")
# So many checks wait in one loop at once: each may start programs, and machines are small.
AT_ONCE = 6


class Worker:
    """Runs checks on one adapter.

    Args:
        order: ``adapter``, ``dsn``, ``depth``, ``seed``, ``patience``, ``server``: `supervisor.Supervisor` sends them.
        say: sends an answer.
    """

    def __init__(self, order: dict[str, Any], say: Callable[..., None]) -> None:
        self.say = say
        self.depth = Depth(order["depth"])
        self.seed = int(order["seed"])
        patience.multiply_by(order["patience"])
        self.dsn: str | None = order["dsn"]
        self.loaded = load(order["adapter"])
        unclosed = str(getattr(self.loaded.make, "unclosed", ""))
        self.programs = Programs(order["adapter"], self.dsn, unclosed=unclosed)
        self.programs.ceiling.watch()
        self.server: dict[str, Any] | None = order.get("server")
        self.complaints = Complaints()
        self.on = threading.Event()
        report_late_by(self._late)
        self.loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self.loop)
        self.complaints.install(self.loop)
        standing.watch(self.loop)

    def run(self, names: list[str]) -> None:
        """Run these checks: one alone, or several that share the loop."""
        checks = table()
        with contextlib.suppress(KeyboardInterrupt):
            self.loop.run_until_complete(self._all([checks[name] for name in names]))

    async def _all(self, checks: list[Check]) -> None:
        places = asyncio.Semaphore(AT_ONCE)

        async def one(check: Check) -> None:
            _CHECK.set(check.id)
            if check.waits:
                await self._one(check)
                return
            async with places:
                await self._one(check)

        await asyncio.gather(*(one(check) for check in checks))

    async def _one(self, check: Check) -> None:
        # Each check has its own chance, whatever runs beside it.
        seed = self.seed ^ zlib.crc32(check.id.encode())
        trial = Trial(core_maker(self.loaded, self.dsn), self.depth, seed, self.programs, self._bench(check))
        self.say(begin=check.id)
        started = time.monotonic()
        outcome, message = await self._outcome(check, trial)
        try:
            await trial.release()
        except Exception as error:  # noqa: BLE001 (a finding, whatever it is)
            if outcome == "passed":
                outcome, message = "failed", f"the adapter cannot be closed afterwards: {_sentence(error)}"
        self.say(
            end=check.id,
            outcome=outcome,
            message=message,
            notes=trial.notes,
            seconds=time.monotonic() - started,
            complaints=self.complaints.take(),
        )

    async def _late(self) -> None:
        """Let the starter take the stacks while everything stands where it hangs."""
        self.on.clear()
        self.say(late=_CHECK.get())
        # The event is set by the thread that reads orders.
        while not self.on.is_set():  # noqa: ASYNC110
            await asyncio.sleep(0.05)

    def _bench(self, check: Check) -> Any:
        if check.layer != "postgres" or self.dsn is None:
            return None
        from pytest_pyo3_bridge.postgres.server import Bench  # noqa: PLC0415 (core adapters need none of it)

        return Bench(self.loaded, self.dsn, self.server)

    async def _outcome(self, check: Check, trial: Trial) -> tuple[str, str]:
        """Return how the check ended, and the sentence for it."""
        outcome, message = "passed", ""
        try:
            ended = check.run(trial)
            if inspect.isawaitable(ended):
                await ended
        except Inapplicable as reason:
            outcome, message = "not applicable", str(reason)
        except Late as error:
            outcome, message = "hung", str(error)
        except AssertionError as error:
            outcome, message = "failed", _sentence(error)
        except Exception as error:  # noqa: BLE001 (a finding, whatever it is)
            outcome, message = "failed", f"{_sentence(error)}\n{_place(error)}"
        except BaseException as error:
            if isinstance(error, (KeyboardInterrupt, SystemExit)):
                raise
            outcome, message = "failed", f"a bare BaseException came through: {_sentence(error)}\n{_place(error)}"
        if check.level is Level.INFO and outcome in {"passed", "failed"}:
            outcome = "recorded"
        return outcome, message


def _sentence(error: BaseException) -> str:
    text = str(error).strip() or repr(error)
    return text if isinstance(error, AssertionError) else f"{type(error).__name__}: {text}"


def _place(error: BaseException) -> str:
    return "".join(traceback.format_tb(error.__traceback__)[-3:]).rstrip()


def main() -> None:
    """Take orders until stdin is closed."""
    answers = _own_stdout()
    lock = threading.Lock()

    def say(**answer: Any) -> None:
        with lock:
            answers.write(json.dumps(answer, default=repr) + "\n")
            answers.flush()

    die_with_parent()
    order = json.loads(sys.stdin.readline())
    # Kept open: the handler writes into it when the process can do nothing else any more.
    stacks = Path(order["stacks"]).open("w", encoding="utf-8")  # noqa: SIM115
    if hasattr(signal, "SIGUSR1"):
        faulthandler.register(signal.SIGUSR1, file=stacks, all_threads=True)
    faulthandler.enable(file=stacks)
    try:
        worker = Worker(order, say)
    except Exception as error:  # noqa: BLE001 (the starter says it)
        say(broken=_sentence(error))
        return
    say(ready=True)
    orders: queue.Queue[list[str] | None] = queue.Queue()
    threading.Thread(target=_read, args=(orders, say, worker.on), daemon=True, name="bridge orders").start()
    while (names := orders.get()) is not None:
        worker.run(names)
        say(idle=True)
    worker.programs.end()
    os._exit(0)


def _own_stdout() -> Any:
    """Keep the pipe to the starter for answers; what the extension prints goes to stderr."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def _read(orders: queue.Queue[list[str] | None], say: Callable[..., None], on: threading.Event) -> None:
    for line in sys.stdin:
        order = json.loads(line)
        if "run" in order:
            orders.put(order["run"])
        elif "where" in order:
            say(where=standing.told())
        elif "on" in order:
            on.set()
    # The starter is gone, or wants no more. A check that is at work has nobody to tell.
    orders.put(None)
    time.sleep(1.0)
    os._exit(0)
