"""The pytest plugin of a cell: `-p matrix_cell.plugin`. It observes first, then lets the tests run and records them.

Exit codes beside pytest's own: 70 the cell is not what was requested, 71 it cannot be observed.
Without `--matrix-out` (or PYO3_MATRIX_OUT) it does nothing, so the same tests run by hand against any server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import pytest

from matrix_cell import benchmark_rounds
from matrix_cell.events import EventLog
from matrix_cell.json_file import write_json
from matrix_cell.memory import MemorySeries
from matrix_cell.observation import EXIT_MISMATCH, EXIT_UNOBSERVABLE, complaints, observe
from matrix_cell.request import add_options, read_request
from matrix_cell.unobservable import UnobservableError
from matrix_cell.workers import refusal

if TYPE_CHECKING:
    from pathlib import Path

    from matrix_cell.request import CellRequest

OBSERVED = "observed.json"


class Gate:
    """Lets the session reach its tests only if the cell is what it was asked to be."""

    def __init__(self, request: CellRequest) -> None:
        self._request = request

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        """Observe before any test file is imported; the session has begun, so its end is still recorded."""
        self.check()

    def check(self) -> None:
        """Write what this cell is, and end the session if that is not what was requested."""
        try:
            observed = observe(self._request)
        except UnobservableError as error:
            write_error(self._request.out, str(error))
            self.leave(str(error), EXIT_UNOBSERVABLE)
        write_json(self._request.out / OBSERVED, observed)
        if told := complaints(self._request, observed):
            self.leave("\n".join(["this cell is not what was requested", *told]), EXIT_MISMATCH)

    def leave(self, reason: str, code: int) -> NoReturn:
        """End the session; pytest prints one line of the reason at the end, and the whole stands before it."""
        reason = f"{self._request.cell}: {reason}"
        print(f"\n{reason}", flush=True)
        pytest.exit(reason.partition("\n")[0], returncode=code)


def write_error(out: Path, told: str) -> None:
    """Leave the reason why this cell could not be observed where its record is made of."""
    write_json(out / OBSERVED, {"schema_version": 1, "error": told})


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options of a cell."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Start to record, if a record is wanted."""
    request = read_request(config)
    if request is None:
        return
    request.out.mkdir(parents=True, exist_ok=True)
    if told := refusal(config):
        write_error(request.out, told)
        raise pytest.UsageError(told)
    events = EventLog(request.out / "events.jsonl")
    config.add_cleanup(events.close)
    memory = MemorySeries(request.out / "memory.json")
    config.add_cleanup(memory.close)
    config.pluginmanager.register(events, "matrix-events")
    config.pluginmanager.register(memory, "matrix-memory")
    config.pluginmanager.register(Gate(request), "matrix-gate")
    config.pluginmanager.register(benchmark_rounds, "matrix-benchmark-rounds")
