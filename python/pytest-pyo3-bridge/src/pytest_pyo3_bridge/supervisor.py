"""Who holds the clock? Checks in, a result each out; a process that hangs or crashes is replaced."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_pyo3_bridge import boot, stacks
from pytest_pyo3_bridge.incident import Evidence, write
from pytest_pyo3_bridge.program import signal_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pytest_pyo3_bridge.catalogue import Check, Depth

# Importing an extension, on a busy machine.
START = 60.0
# How long a thread that is not kept from running needs to answer.
ANSWER = 3.0


@dataclass
class Result:
    """What came of a check.

    Attributes:
        check: the check.
        outcome: ``passed``, ``failed``, ``hung``, ``crashed``, ``recorded`` or ``not applicable``.
        message: what was found, or the reason.
        seconds: how long it took.
        notes: measurements, and behaviour that is free.
        incident: the file with the stacks, if it hung or crashed.
        hang: the class of a hang, as `incident.classify` names it.
    """

    check: Check
    outcome: str
    message: str = ""
    seconds: float = 0.0
    notes: dict[str, Any] = field(default_factory=dict)
    incident: Path | None = None
    hang: str | None = None


@dataclass(frozen=True)
class Setting:
    """What the workers of one session are started with.

    Attributes:
        adapter: as `adapter.load` takes it.
        dsn: where a driver connects to.
        depth: how long to look.
        seed: of all that is random.
        incidents: the folder for stacks.
        server: what the Postgres checks need to know of servers of their own.
        look: asks the server what it does, for an incident.
        patience: what the seconds of each check, and of each wait in it, are multiplied by, on a slow machine.
    """

    adapter: str
    dsn: str | None
    depth: Depth
    seed: int
    incidents: Path
    server: dict[str, Any] | None = None
    look: Callable[[], str] | None = None
    patience: float = 1.0


class WorkerBroken(Exception):  # noqa: N818 (it is told as an error of the request)
    """The worker could not begin. The text says why."""


class Supervisor:
    """Runs checks in worker processes, each under a clock; `stop` ends the last one."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.complaints: list[str] = []
        # Of checks that hung and could go on: the class, and the file with the stacks.
        self._hangs: dict[str, tuple[str, Path]] = {}
        self._process: subprocess.Popen[str] | None = None
        self._answers: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._folder = tempfile.TemporaryDirectory(prefix="pyo3-bridge-")
        self._output = Path(self._folder.name) / "output"

    def run(self, checks: Sequence[Check]) -> Iterator[Result]:
        """Run these checks beside each other in one worker.

        If one of them ends the process, or makes it hang, it is not known which. Those that were at work run again,
        each alone; those that had not begun go on beside each other.
        """
        left = list(checks)
        while left:
            began, ended = yield from self._together(left)
            if len(left) == 1:
                return
            suspects = [check for check in left if check.id in began and check.id not in ended]
            left = [check for check in left if check.id not in began and check.id not in ended]
            # A worker that ended before any check began is none's fault, so each is asked alone, and says so.
            for check in suspects or left:
                yield from self._together([check])
            left = left if suspects else []

    def _together(self, checks: Sequence[Check]) -> Any:
        """Yield a result for each check that ends. Return the ids that began, and those that ended."""
        by_id = {check.id: check for check in checks}
        self._start()
        self._order(run=list(by_id))
        begun: dict[str, float] = {}
        ended: set[str] = set()
        while (answer := self._next(self._left(by_id, begun, ended))) is not None and "idle" not in answer:
            if "begin" in answer:
                begun[answer["begin"]] = time.monotonic()
            elif "late" in answer:
                self._late(by_id[answer["late"]], begun)
            elif "end" in answer:
                ended.add(answer["end"])
                yield self._result(by_id[answer["end"]], answer)
        if answer is None and len(ended) < len(by_id):
            late = [by_id[name] for name in begun if name not in ended] or [c for c in checks if c.id not in ended]
            yield from self._struck(late, ended, alone=len(by_id) == 1, begun=begun)
        return begun, ended

    def _late(self, check: Check, begun: dict[str, float]) -> None:
        """Take the stacks of a worker whose check hangs and which can go on, and let it."""
        before = time.monotonic()
        evidence = self._evidence(None)
        if check.id not in self._hangs:
            path = write(self.setting.incidents, check, self.setting, evidence, before - begun[check.id])
            self._hangs[check.id] = (evidence.hang(), path)
        self._order(on=True)
        # This time is nobody's.
        for name in begun:
            begun[name] += time.monotonic() - before

    def _left(self, checks: dict[str, Check], begun: dict[str, float], ended: set[str]) -> float:
        """How many seconds are left to the check whose time ends first."""
        running = [
            began + checks[name].seconds(self.setting.depth) * self.setting.patience
            for name, began in begun.items()
            if name not in ended
        ]
        return min(running, default=time.monotonic() + START) - time.monotonic()

    def _struck(
        self, late: Sequence[Check], ended: set[str], *, alone: bool, begun: dict[str, float]
    ) -> Iterator[Result]:
        """Take the stacks of a worker that hangs or is gone, and end it. Only a check that was alone is to blame."""
        assert self._process is not None
        status = self._process.poll()
        if not alone:
            self._kill()
            return
        check = late[0]
        seconds = time.monotonic() - begun.get(check.id, time.monotonic())
        evidence = self._evidence(status)
        self._kill()
        evidence.output = self._said()
        path = write(self.setting.incidents, check, self.setting, evidence, seconds)
        ended.add(check.id)
        if status is None:
            hang = evidence.hang()
            yield Result(check, "hung", f"no end after {seconds:.0f} s: {hang}", seconds, incident=path, hang=hang)
        else:
            how = signal_name(-status) if status < 0 else f"exit status {status}"
            yield Result(
                check, "crashed", f"the process ended with {how}\n{evidence.output[-2000:]}", seconds, incident=path
            )

    def _evidence(self, status: int | None) -> Evidence:
        process = self._process
        assert process is not None
        if status is not None:
            return Evidence(responds=False, python=self._stacks_file())
        self._order(where=True)
        answer = self._where()
        native = stacks.native(process.pid)
        if hasattr(signal, "SIGUSR1"):
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGUSR1)
            time.sleep(0.3)
        return Evidence(
            responds=answer is not None,
            turns=bool(answer and answer["turns"]),
            python=(answer or {}).get("threads") or self._stacks_file(),
            tasks=(answer or {}).get("tasks", ""),
            native=native,
            server=self.setting.look() if self.setting.look else "",
        )

    def _where(self) -> dict[str, Any] | None:
        deadline = time.monotonic() + ANSWER
        while (answer := self._next(deadline - time.monotonic())) is not None:
            if "where" in answer:
                found: dict[str, Any] = answer["where"]
                return found
        return None

    def _result(self, check: Check, answer: dict[str, Any]) -> Result:
        self.complaints.extend(f"{check.id}: {text}" for text in answer["complaints"])
        hang, path = self._hangs.get(check.id, (None, None))
        message = f"{answer['message']}: {hang}" if hang and answer["outcome"] == "hung" else answer["message"]
        return Result(check, answer["outcome"], message, answer["seconds"], answer["notes"], path, hang)

    def _start(self) -> None:
        """Start a worker, unless one waits for orders.

        Raises:
            WorkerBroken: if the adapter cannot be used in it.
        """
        if self._process is not None and self._process.poll() is None:
            return
        self._kill()
        output = self._output.open("w", encoding="utf-8")
        with output:
            self._process = subprocess.Popen(  # noqa: S603
                boot.command("worker"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                text=True,
                encoding="utf-8",
                env=boot.environment(),
                start_new_session=True,
            )
        self._answers = queue.Queue()
        threading.Thread(target=_read, args=(self._process, self._answers), daemon=True).start()
        setting = self.setting
        self._order(
            adapter=setting.adapter,
            dsn=setting.dsn,
            depth=setting.depth.value,
            seed=setting.seed,
            patience=setting.patience,
            server=setting.server,
            stacks=str(self._stacks),
        )
        answer = self._next(START)
        if answer is None or "ready" not in answer:
            said = (answer or {}).get("broken") or f"the process did not begin: {self._said()}"
            self._kill()
            raise WorkerBroken(said)

    @property
    def _stacks(self) -> Path:
        return Path(self._folder.name) / "stacks"

    def _stacks_file(self) -> str:
        return self._stacks.read_text(encoding="utf-8", errors="replace") if self._stacks.exists() else ""

    def _said(self) -> str:
        return self._output.read_text(encoding="utf-8", errors="replace") if self._output.exists() else ""

    def _order(self, **order: Any) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()

    def _next(self, seconds: float) -> dict[str, Any] | None:
        """Return the next answer; None if none comes in time, or the worker is gone."""
        try:
            return self._answers.get(timeout=max(seconds, 0.001))
        except queue.Empty:
            return None

    def _kill(self) -> None:
        """End the worker and all that it started, whatever state they are in."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def stop(self) -> None:
        """End the worker, and remove what it wrote."""
        self._kill()
        self._folder.cleanup()


def _read(process: subprocess.Popen[str], answers: queue.Queue[dict[str, Any] | None]) -> None:
    assert process.stdout is not None
    with contextlib.suppress(ValueError):
        for line in process.stdout:
            answers.put(json.loads(line))
    # It closes the pipe by its end; wait for the status, so that nobody takes its end for a hang.
    process.wait()
    answers.put(None)
