"""What is left of a cell whose process crashed? Each run here is a process of its own; no mutant is tried on them."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plugin.cell_run import RunCell


def test_crash_leaves_the_name_of_the_running_test(run_cell: RunCell) -> None:
    cell = run_cell(
        "import os\ndef test_before(): pass\ndef test_crash(): os.abort()\ndef test_after(): pass", apart=True
    )
    assert cell.result.ret == -signal.SIGABRT
    assert [event["test"] for event in cell.events("test_end")] == ["test_inner.py::test_before"]
    assert cell.events()[-1]["event"] == "test_start"
    assert cell.events()[-1]["test"] == "test_inner.py::test_crash"


def test_session_tells_when_the_process_began(run_cell: RunCell) -> None:
    asked = time.time()
    [start] = run_cell("def test_inner(): pass", apart=True).events("session_start")
    # A process's age is counted in clock ticks, so it may seem to begin a little before it was asked for.
    assert asked - 1 < start["process_started"] <= start["time"] <= time.time()


def test_crash_costs_at_most_the_end_of_the_series(run_cell: RunCell) -> None:
    cell = run_cell("import os, time\ndef test_crash(): time.sleep(1.5); os.abort()", apart=True)
    assert len(cell.json("memory.json")["samples"]) >= 10
