"""Is this process what the cell was asked to be? A request in, observed.json or the end of the session out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from matrix_cell.json_file import write_json
from matrix_cell.observation import EXIT_MISMATCH, EXIT_UNOBSERVABLE, complaints, observe
from matrix_cell.unobservable import UnobservableError
from matrix_cell.workers import say_why

if TYPE_CHECKING:
    from matrix_cell.events import Lines
    from matrix_cell.request import CellRequest

OBSERVED = "observed.json"


class Gate:
    """Lets the session reach its tests only if the cell is what it was asked to be."""

    def __init__(self, request: CellRequest) -> None:
        self._request = request

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> None:
        """Observe before any test file is imported; the session has begun, so its end is still recorded."""
        self.check(session.config)

    def check(self, config: pytest.Config) -> None:
        """Write what this process is, and end its session if that is not what was requested."""
        try:
            observed = observe(self._request)
        except UnobservableError as error:
            self.stop(config, str(error), EXIT_UNOBSERVABLE)
        self.keep(observed)
        if told := complaints(self._request, observed):
            self.stop(config, "\n".join(["this cell is not what was requested", *told]), EXIT_MISMATCH)

    def keep(self, observed: dict[str, Any]) -> None:
        """Write the record of this process, which is that of the cell."""
        write_json(self._request.out / OBSERVED, observed)

    def stop(self, config: pytest.Config, reason: str, code: int) -> NoReturn:
        """End this process's session before its first test."""
        del config
        self.leave(reason, code)

    def leave(self, reason: str, code: int) -> NoReturn:
        """End the session; pytest prints one line of the reason at the end, and the whole stands before it."""
        if code == EXIT_UNOBSERVABLE:
            self.keep({"schema_version": 1, "error": reason})
        reason = f"{self._request.cell}: {reason}"
        print(f"\n{reason}", flush=True)  # noqa: T201  the output of a cell is where its reader looks
        pytest.exit(reason.partition("\n")[0], returncode=code)


class WorkerGate(Gate):
    """The same in a worker, whose record is a line among the events, and whose reason the session's process tells."""

    def __init__(self, request: CellRequest, lines: Lines) -> None:
        super().__init__(request)
        self._lines = lines

    def keep(self, observed: dict[str, Any]) -> None:
        """Write the record of this worker."""
        self._lines.write("worker_observed", observed=observed)

    def stop(self, config: pytest.Config, reason: str, code: int) -> NoReturn:
        """End this worker; the session's own process ends the session when it hears of it."""
        say_why(config, reason, code)
        pytest.exit(reason.partition("\n")[0], returncode=code)
