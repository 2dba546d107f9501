"""A cell to try the plugin in: an installed module that says what it was built from, and a server's version."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import matrix_cell
from matrix_cell.service import postgres
from plugin.cell_run import Cell, RunCell
from plugin.fake_wheel import FakeWheel

if TYPE_CHECKING:
    from collections.abc import Mapping

pytest_plugins = ["pytester"]

# Stands where the server would be asked; what asking is like without a server has a test of its own.
VERSION = (160014, "16.14 (Debian 16.14-1)")
FAKE_SERVER = f"""
import matrix_cell.service.postgres
matrix_cell.service.postgres.server_version = lambda: {VERSION}
"""
PLUGIN = ("-p", "matrix_cell.plugin", "-p", "no:cacheprovider", "-p", "no:asyncio")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs no inner session runs first: it is a hundred times faster, and a mutant ends at the first failure."""
    items.sort(key=lambda item: "run_cell" in getattr(item, "fixturenames", ()))


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what the cell that runs these tests was told; an inner run has its own."""
    for name in [name for name in os.environ if name.startswith("PYO3_MATRIX_")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)


@pytest.fixture
def wheel(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> FakeWheel:
    """Return the wheel under test, installed where inner runs of both kinds import from."""
    wheel = FakeWheel(pytester.path / "site")
    monkeypatch.syspath_prepend(wheel.site)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(matrix_cell.__file__).parents[1]), str(wheel.site)]))
    return wheel


@pytest.fixture
def run_cell(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, clean_environment: None, wheel: FakeWheel
) -> RunCell:
    """Return a function that runs pytest with the plugin: in this process, or apart from it where the run may crash."""
    del clean_environment
    monkeypatch.setattr(postgres, "server_version", lambda: VERSION)

    def run(
        tests: str | None = None,
        *,
        apart: bool = False,
        module: str = wheel.module,
        members: Mapping[str, str] | None = None,
        arguments: tuple[str, ...] = (),
        **requested: str,
    ) -> Cell:
        if "postgres" in requested:
            monkeypatch.setenv("PYO3_MATRIX_SERVICES", '{"postgres": {"kind": "postgres"}}')
        if apart:
            pytester.makeconftest(FAKE_SERVER)
        if tests is not None:
            pytester.makepyfile(test_inner=tests)
        if members is not None:
            path = pytester.path / "members.json"
            path.write_text(json.dumps(members))
            monkeypatch.setenv("PYO3_MATRIX_MEMBERS", str(path))
        out = pytester.path / "out"
        options = ("--matrix-out", str(out), "--matrix-module", module, "--matrix-requested", json.dumps(requested))
        run_pytest = pytester.runpytest_subprocess if apart else pytester.runpytest_inprocess
        return Cell(out, run_pytest(*PLUGIN, *arguments, *options))

    return run
