"""Where does pytest-benchmark write in a cell? Where it is installed: two more options for it out.

A project without pytest-benchmark would have them refused, so tox's file and the harness do not name them.
"""

from __future__ import annotations

import os
from pathlib import Path

# What a project's own options leave to the cell; set by the harness for the stage that measures.
REPORT = "PYO3_MATRIX_BENCHMARK_JSON"


def benchmark_options(options: object) -> list[str]:
    """Return what is added to the command line, given the options so far: nothing outside of a cell."""
    out = getattr(options, "matrix_out", None) or os.environ.get("PYO3_MATRIX_OUT")
    if not out or not hasattr(options, "benchmark_storage"):
        return []
    added = [f"--benchmark-storage=file://{Path(out).resolve() / 'benchmarks'}"]
    if report := os.environ.get(REPORT):
        added.append(f"--benchmark-json={report}")
    return added
