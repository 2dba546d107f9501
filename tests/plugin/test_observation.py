"""Does a cell that is not what it was asked to be stop before its first test?"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from plugin.cell_run import RunCell

PASSES = "def test_inner(): pass"
# Leaves a file behind as soon as pytest looks at it.
TELLS = "from pathlib import Path\nPath('imported').touch()\ndef test_inner(): pass"
THIS_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


def test_what_was_requested_runs(run_cell: RunCell) -> None:
    cell = run_cell(PASSES, python=THIS_PYTHON, postgres="16", pyo3="0.30.1", pyo3_async_runtimes="0.30.0")
    assert cell.result.ret == 0
    observed = cell.json("observed.json")
    assert observed["schema_version"] == 1
    assert observed["python"] == THIS_PYTHON
    assert observed["postgres"] == "16"
    assert observed["postgres_full"] == "16.14"
    assert observed["build_info"]["rustc"] == "1.86.0"
    assert observed["packages"]["pytest"] == pytest.__version__


@pytest.mark.parametrize(
    ("axis", "version", "got"),
    [
        ("python", "3.1", THIS_PYTHON),
        ("postgres", "13", "16"),
        ("pyo3", "0.30.0", "0.30.1"),
        ("pyo3_async_runtimes", "0.29.0", "0.30.0"),
    ],
)
def test_mismatch_leaves_before_any_test_is_imported(run_cell: RunCell, axis: str, version: str, got: str) -> None:
    cell = run_cell(TELLS, **{axis: version})
    assert cell.result.ret == 70
    cell.result.stdout.fnmatch_lines([f"{axis}: expected {version}, got {got}", "  hint: *"])
    assert not (cell.out.parent / "imported").exists()
    assert cell.json("observed.json")[axis] == got
    assert [event["exit_code"] for event in cell.events("session_end")] == [70]


def test_module_of_another_build_leaves_before_any_test_is_imported(
    run_cell: RunCell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYO3_MATRIX_BUILT", '{"rustc": "1.85.0", "a_crate_it_does_not_report": "1.0.0"}')
    cell = run_cell(TELLS)
    assert cell.result.ret == 70
    cell.result.stdout.fnmatch_lines(["rustc: expected 1.85.0, got 1.86.0", "  hint: *"])
    assert not (cell.out.parent / "imported").exists()


def test_every_difference_is_told(run_cell: RunCell) -> None:
    cell = run_cell(PASSES, postgres="13", pyo3="0.23.0")
    cell.result.stdout.fnmatch_lines(["postgres: expected 13, got 16", "pyo3: expected 0.23.0, got 0.30.1"])


def test_unreachable_server_is_unobservable(run_cell: RunCell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", "127.0.0.1")
    monkeypatch.setenv("PGPORT", "1")
    cell = run_cell(TELLS, server="", postgres="16")
    assert cell.result.ret == 71
    assert "server" in cell.json("observed.json")["error"]
    assert not (cell.out.parent / "imported").exists()


def test_module_that_cannot_be_imported_is_unobservable(run_cell: RunCell) -> None:
    cell = run_cell(PASSES, server="import sys; sys.modules['fake_extension'] = None", pyo3="0.30.1")
    assert cell.result.ret == 71
    assert "fake_extension" in cell.json("observed.json")["error"]


def test_misspelt_axis_is_a_usage_error(run_cell: RunCell) -> None:
    cell = run_cell(PASSES, pyo="0.30.1")
    assert cell.result.ret == pytest.ExitCode.USAGE_ERROR
    cell.result.stderr.fnmatch_lines(["*unknown axes*pyo*"])


def test_without_a_folder_nothing_is_observed(pytester: pytest.Pytester, run_cell: RunCell) -> None:
    del run_cell  # for its clean environment
    pytester.makepyfile(test_inner=PASSES)
    result = pytester.runpytest_subprocess("-p", "matrix_cell.plugin", "-p", "no:cacheprovider")
    assert result.ret == 0
    assert not list(pytester.path.rglob("*.json*"))
