"""How fast could any client be? pgbench, written in C, asks the same server the same thing with prepared statements."""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from database import DB_CONFIG
from driver import POOL_SIZE

if TYPE_CHECKING:
    from task import Task

SECONDS = 1
HINT = "floor: not available\nhint: install pgbench (Debian: postgresql-contrib or postgresql-<version>)"


def available() -> bool:
    """Whether there is a pgbench on PATH."""
    return shutil.which("pgbench") is not None


class Floor:
    """Measures a task in slices, before and after the blocks of the contenders."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._milliseconds: list[float] = []

    def measure(self) -> None:
        """Run pgbench for a second on one thread, with as many sessions as the pools have."""
        if not available():
            return
        clients = min(POOL_SIZE, self._task.at_once)
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder) / "task.sql"
            script.write_text(self._task.sql + ";\n", encoding="utf-8")
            options = ["-n", "-M", "prepared", "-c", str(clients), "-j", "1", "-T", str(SECONDS)]
            command = ["pgbench", *options, "-f", str(script)]
            ended = subprocess.run(  # noqa: S603
                command, env=_environment(), capture_output=True, text=True, check=True
            )
        found = re.search(r"^tps = ([\d.]+)", ended.stdout, re.MULTILINE)
        assert found, ended.stdout
        self._milliseconds.append(self._task.at_once * 1000 / float(found[1]))

    def milliseconds(self) -> float | None:
        """Return the time of one operation, by the median slice."""
        return statistics.median(self._milliseconds) if self._milliseconds else None


def _environment() -> dict[str, str]:
    place = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "username", "PGDATABASE": "database"}
    found = {name: str(DB_CONFIG[key]) for name, key in place.items()}
    if DB_CONFIG["password"] is not None:
        found["PGPASSWORD"] = DB_CONFIG["password"]
    return {**os.environ, **found}
