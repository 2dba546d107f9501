"""Who runs the tests where pytest-xdist does: this process or others? pytest's configuration in, their part out.

The session's own process ("the controller" of pytest-xdist) begins and ends the record. Each worker observes itself
before it collects, and writes what it collects and runs into the same file. So a worker's lines are as true as those of
a session without workers, and no message between the processes can be late or lost.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from matrix_cell.watched import Watched

if TYPE_CHECKING:
    from matrix_cell.events import Lines
    from matrix_cell.gate import Gate

# How long a worker that no longer answers may take to end, in seconds.
PATIENCE = 5
# The key under which a worker says why it left, in what pytest-xdist hands over from its end.
LEFT = "matrix_left"


def worker_of(config: pytest.Config) -> str | None:
    """Return the name of this worker, such as `gw0`; None in the session's own process."""
    given: dict[str, Any] | None = getattr(config, "workerinput", None)
    return None if given is None else str(given["workerid"])


def distributes(config: pytest.Config) -> bool:
    """Whether this process leaves the tests to workers. pytest-xdist knows it once pytest is configured."""
    return bool(config.pluginmanager.hasplugin("dsession"))


def say_why(config: pytest.Config, reason: str, code: int) -> None:
    """Leave the reason for this worker's end with pytest-xdist, which brings it to the session's own process."""
    config.workeroutput[LEFT] = [reason, code]  # type: ignore[attr-defined]


class Workers:
    """A pytest plugin object for the session's own process. It knows the workers, and records which of them died."""

    def __init__(self, lines: Lines, gate: Gate) -> None:
        self._lines = lines
        self._gate = gate
        self._started: dict[str, Watched] = {}

    def processes(self) -> list[Watched]:
        """Return the processes of the workers that were started and have not ended."""
        return list(self._started.values())

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodeready(self, node: Any) -> None:
        """Keep the process of a worker that begins."""
        popen = _popen(node)
        if popen is not None and popen.poll() is None:
            # Another thread reads the map, so it is replaced, not changed.
            self._started = {**self._started, node.gateway.id: Watched(popen.pid)}

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object | None) -> None:
        """End the session where a worker is not what was requested, and record a worker that died."""
        self._started = {name: process for name, process in self._started.items() if name != node.gateway.id}
        left = getattr(node, "workeroutput", {}).get(LEFT)
        if left is not None:
            self._leave(node.gateway.id, *left)
        if error is not None:
            self._lines.write("worker_died", worker=node.gateway.id, exit_code=_exit_code(node), message=str(error))

    def _leave(self, worker: str, reason: str, code: int) -> NoReturn:
        self._gate.leave(f"worker {worker}: {reason}", code)


def _popen(node: Any) -> subprocess.Popen[bytes] | None:
    """Return the process of a worker on this machine, which execnet keeps without a public name."""
    popen = getattr(getattr(node.gateway, "_io", None), "popen", None)
    return popen if isinstance(popen, subprocess.Popen) else None


def _exit_code(node: Any) -> int | None:
    """Return how a worker ended, a signal as a negative number; None where that cannot be known."""
    popen = _popen(node)
    if popen is None:
        return None
    try:
        return popen.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        return None
