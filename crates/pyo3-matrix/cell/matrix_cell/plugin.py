"""The pytest plugin of a cell: `-p matrix_cell.plugin`. It observes first, then lets the tests run and records them.

Exit codes beside pytest's own: 70 the cell is not what was requested, 71 it cannot be observed.
Without `--matrix-out` (or PYO3_MATRIX_OUT) it does nothing, so the same tests run by hand against any server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from matrix_cell import benchmark_rounds
from matrix_cell.benchmark_files import benchmark_options
from matrix_cell.events import EventLog, Lines, SessionLog
from matrix_cell.gate import OBSERVED, Gate, WorkerGate
from matrix_cell.harness import refusal
from matrix_cell.json_file import write_json
from matrix_cell.memory import MemorySeries
from matrix_cell.request import add_options, read_request
from matrix_cell.workers import Workers, distributes, worker_of

if TYPE_CHECKING:
    from matrix_cell.request import CellRequest

EVENTS = "events.jsonl"


class Start:
    """Records the tests in the process that runs them, which is known when the session starts."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Leave the tests to the workers where there are any."""
        if not distributes(session.config):
            session.config.pluginmanager.register(EventLog(self._lines), "matrix-events")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options of a cell."""
    add_options(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, args: list[str]) -> None:
    """Have what is installed beside this plugin write in the cell's folder; pytest reads the arguments again."""
    args += benchmark_options(early_config.known_args_namespace)


def pytest_configure(config: pytest.Config) -> None:
    """Start to record, if a record is wanted."""
    request = read_request(config)
    if request is None:
        return
    request.out.mkdir(parents=True, exist_ok=True)
    if told := refusal():
        write_json(request.out / OBSERVED, {"schema_version": 1, "error": told})
        raise pytest.UsageError(told)
    worker = worker_of(config)
    if worker is None:
        record_session(config, request)
    else:
        record_worker(config, request, worker)


def record_session(config: pytest.Config, request: CellRequest) -> None:
    """Record the session from its own process."""
    path = request.out / EVENTS
    path.write_bytes(b"")
    lines = Lines(path)
    config.add_cleanup(lines.close)
    gate = Gate(request)
    workers = Workers(lines, gate)
    memory = MemorySeries(request.out / "memory.json", workers.processes)
    config.add_cleanup(memory.close)
    register = config.pluginmanager.register
    register(SessionLog(lines), "matrix-session")
    register(Start(lines), "matrix-start")
    register(workers, "matrix-workers")
    register(memory, "matrix-memory")
    register(gate, "matrix-gate")
    register(benchmark_rounds, "matrix-benchmark-rounds")


def record_worker(config: pytest.Config, request: CellRequest, worker: str) -> None:
    """Record what a worker is and runs. The session's own process measures its memory."""
    lines = Lines(request.out / EVENTS, worker)
    config.add_cleanup(lines.close)
    config.pluginmanager.register(EventLog(lines), "matrix-events")
    config.pluginmanager.register(WorkerGate(request, lines), "matrix-gate")
