"""A cell to try the plugin in: a module that says what it was built from, and a server that says its version."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from plugin.cell_run import Cell, RunCell

pytest_plugins = ["pytester"]

FAKE_MODULE = """
def build_info():
    return {"pyo3": "0.30.1", "pyo3_async_runtimes": "0.30.0", "rustc": "1.86.0"}
"""
# Stands where the server would be asked; what asking is like without a server has a test of its own.
FAKE_SERVER = """
import matrix_cell.observation
matrix_cell.observation.server_version = lambda: (160014, "16.14 (Debian 16.14-1)")
"""


@pytest.fixture
def run_cell(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> RunCell:
    """Return a function that runs pytest with the plugin in a process of its own, because some of them crash."""
    for name in [name for name in os.environ if name.startswith("PYO3_MATRIX_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    # The tests' own options, such as the folder of the cell that runs them, are not for the inner run.
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)

    def run(tests: str | None = None, *, server: str = FAKE_SERVER, **requested: str) -> Cell:
        pytester.makepyfile(fake_extension=FAKE_MODULE)
        pytester.makeconftest(server)
        if tests is not None:
            pytester.makepyfile(test_inner=tests)
        out = pytester.path / "out"
        result = pytester.runpytest_subprocess(
            "-p", "matrix_cell.plugin", "-p", "no:cacheprovider", "--matrix-out", out,
            "--matrix-module", "fake_extension", "--matrix-requested", json.dumps(requested),
        )  # fmt: skip
        return Cell(out, result)

    return run
