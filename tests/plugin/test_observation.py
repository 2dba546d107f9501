"""Does a cell that is not what it was asked to be stop before its first test?"""

from __future__ import annotations

import io
import json
import platform
import sys
import sysconfig
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from matrix_cell.gate import Gate
from matrix_cell.installed import HINT
from matrix_cell.observation import Difference, compare, complaints
from matrix_cell.request import CellRequest
from matrix_cell.service import postgres
from matrix_cell.service.postgres import server_version
from matrix_cell.unobservable import UnobservableError

if TYPE_CHECKING:
    from plugin.cell_run import RunCell
    from plugin.fake_wheel import FakeWheel

PASSES = "def test_inner(): pass"
# Leaves a file behind as soon as pytest looks at it.
TELLS = "from pathlib import Path\nPath('imported').touch()\ndef test_inner(): pass"
FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
THIS_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}{'t' if FREE_THREADED else ''}"


def test_what_was_requested_runs(run_cell: RunCell) -> None:
    cell = run_cell(PASSES, python=THIS_PYTHON, postgres="16", pyo3="0.30.1", pyo3_async_runtimes="0.30.0")
    assert cell.result.ret == 0
    observed = cell.json("observed.json")
    assert observed.pop("packages")["pytest"] == pytest.__version__
    assert (observed.pop("loaded"), observed.pop("installed")) != ({}, {})
    assert observed.pop("seen")["its .comment"] == {"rustc": ["rustc 1.86.0"]}
    assert observed == {
        "schema_version": 1,
        "python": THIS_PYTHON,
        "python_full": platform.python_version(),
        "implementation": sys.implementation.name,
        "free_threaded": FREE_THREADED,
        "postgres": "16",
        "postgres_full": "16.14",
        "pyo3": "0.30.1",
        "pyo3_async_runtimes": "0.30.0",
        "build_info": {"pyo3": "0.30.1", "pyo3_async_runtimes": "0.30.0", "rustc": "1.86.0"},
    }


def test_build_without_the_gil_is_another_python(run_cell: RunCell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sysconfig, "get_config_var", lambda name: int(name == "Py_GIL_DISABLED"))
    observed = run_cell(PASSES).json("observed.json")
    assert observed["python"] == f"{sys.version_info.major}.{sys.version_info.minor}t"
    assert observed["free_threaded"] is True


@pytest.mark.parametrize("metadata", [None, "Version: 1.0\n", "Name: broken\n"])
def test_remains_of_a_package_are_left_out(run_cell: RunCell, wheel: FakeWheel, metadata: str | None) -> None:
    folder = wheel.site / "broken-1.0.dist-info"
    folder.mkdir()
    if metadata is not None:
        (folder / "METADATA").write_text(metadata, encoding="utf-8")
    packages = run_cell(PASSES).json("observed.json")["packages"]
    assert packages["fake"] == "1.0"
    assert all(packages)
    assert "broken" not in packages


def test_of_two_versions_of_a_package_the_one_that_is_imported_counts(run_cell: RunCell, wheel: FakeWheel) -> None:
    folder = wheel.site / "pytest-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Name: pytest\nVersion: 1.0\n", encoding="utf-8")
    assert run_cell(PASSES).json("observed.json")["packages"]["pytest"] == "1.0"


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
    cell.result.stdout.fnmatch_lines(
        ["this cell: this cell is not what was requested", f"{axis}: expected {version}, got {got}", "  hint: *"],
        consecutive=True,
    )
    cell.result.stdout.fnmatch_lines(["!*Exit: this cell: this cell is not what was requested !*"])
    assert not (cell.out.parent / "imported").exists()
    assert cell.json("observed.json")[axis] == got
    assert [event["exit_code"] for event in cell.events("session_end")] == [70]


OBSERVED = {
    "python": "3.12",
    "pyo3": "0.30.1",
    "build_info": {"pyo3": "0.30.1", "rustc": "1.86.0", "tokio": "1.54.1", "profile": "release"},
}


def test_axes_and_parts_of_the_build_are_compared_with_what_was_observed() -> None:
    requested = {"pyo3": "0.30.0", "python": "3.12", "postgres": "16"}
    built = {"pyo3": "0.29.0", "tokio": "1.0.0", "rustc": "1.85.0", "profile": "release", "not_reported": "1"}
    request = CellRequest(out=Path(), axes=requested, built=built)
    assert compare(request, OBSERVED) == [
        Difference("postgres", "16", "nothing"),
        Difference("pyo3", "0.30.0", "0.30.1"),
        Difference("pyo3", "0.29.0", "0.30.1 by build_info()"),
        Difference("rustc", "1.85.0", "1.86.0 by build_info()"),
        Difference("tokio", "1.0.0", "1.54.1 by build_info()"),
    ]
    assert compare(request, {**OBSERVED, "build_info": {}})[2:] == []
    assert compare(CellRequest(out=Path(), built=built), {}) == []


def test_files_are_compared_where_a_list_of_them_and_a_module_are_given() -> None:
    observed = {**OBSERVED, "loaded": {"path": "/a.so", "sha256": "1"}, "installed": {"a.so": "1"}}
    difference = Difference("python", "3.9", "3.12")
    given = CellRequest(out=Path(), axes={"python": "3.9"}, members={"a.so": "2"})
    assert complaints(given, observed) == [
        str(difference),
        "loaded /a.so, which is no file of the wheel",
        "a.so: expected sha256 2, got 1",
        HINT,
    ]
    assert complaints(given, OBSERVED) == [str(difference)]
    assert complaints(CellRequest(out=Path(), axes={"python": "3.9"}), observed) == [str(difference)]
    assert complaints(CellRequest(out=Path(), axes={"python": "3.12"}), observed) == []


def test_hint_says_what_to_do_about_the_axis() -> None:
    assert str(Difference("python", "3.9", "3.10")) == (
        "python: expected 3.9, got 3.10\n"
        "  hint: the test environment was made with another interpreter; make it again with the requested one"
    )
    assert str(Difference("rustc", "1.85.0", "1.86.0")) == (
        "rustc: expected 1.85.0, got 1.86.0\n"
        "  hint: the installed module is not the one of this cell's wheel; install it again"
    )


def test_module_of_another_build_leaves_before_any_test_is_imported(
    run_cell: RunCell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYO3_MATRIX_BUILT", '{"rustc": "1.85.0", "a_crate_it_does_not_report": "1.0.0"}')
    cell = run_cell(TELLS)
    assert cell.result.ret == 70
    cell.result.stdout.fnmatch_lines(["rustc: expected 1.85.0, got 1.86.0 by build_info()", "  hint: *"])
    cell.result.stdout.no_fnmatch_line("*a_crate_it_does_not_report*")
    assert not (cell.out.parent / "imported").exists()


def test_module_that_claims_a_companion_which_was_not_compiled_leaves() -> None:
    observed = {"build_info": {"pyo3": "0.30.1", "pyo3_async_runtimes": "0.29.0", "pyo3_features": "abi3"}}
    request = CellRequest(out=Path(), built={"pyo3": "0.30.1"})
    lie = Difference("pyo3_async_runtimes", "none", "0.29.0 by build_info()")
    assert compare(request, observed) == [lie]
    assert str(lie).endswith("hint: build_info() of the module says what is not so; correct it, or leave it out")


def test_versions_are_those_of_the_build_where_the_object_is_the_wheels(
    run_cell: RunCell, wheel: FakeWheel, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = {"pyo3": "0.30.1", "pyo3_async_runtimes": "0.30.0", "pyo3_ffi": "0.30.1", "tokio": "1.54.1", "syn": "2.0.9"}
    monkeypatch.setenv("PYO3_MATRIX_BUILT", json.dumps(built))
    observed = run_cell(PASSES, members=wheel.members, pyo3="0.30.1", tokio="1.54.1").json("observed.json")
    assert {name: observed.get(name) for name in built} == {**built, "pyo3_ffi": None, "syn": None}


def test_wheel_that_says_otherwise_than_cargo_leaves(
    run_cell: RunCell, wheel: FakeWheel, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = {"pyo3": "0.29.3", "pyo3_async_runtimes": "0.30.0"}
    monkeypatch.setenv("PYO3_MATRIX_BUILT", json.dumps(built))
    cell = run_cell(TELLS, members=wheel.members, pyo3="0.29.3")
    assert cell.result.ret == 70
    cell.result.stdout.fnmatch_lines(["pyo3: expected 0.29.3, got 0.30.1 by the paths in it", "  hint: *"])
    assert not (cell.out.parent / "imported").exists()


def test_every_difference_is_told(run_cell: RunCell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYO3_MATRIX_CELL", "py3.1-pg13")
    cell = run_cell(PASSES, postgres="13", pyo3="0.23.0")
    cell.result.stdout.fnmatch_lines(
        [
            "py3.1-pg13: this cell is not what was requested",
            "postgres: expected 13, got 16",
            "pyo3: expected 0.23.0, got 0.30.1",
        ]
    )


def test_foreign_files_are_told_after_the_versions(run_cell: RunCell) -> None:
    cell = run_cell(PASSES, members={}, postgres="13")
    cell.result.stdout.fnmatch_lines(["postgres: expected 13, got 16", "  hint: *", "loaded *"], consecutive=True)


def test_reason_is_out_before_pytest_ends_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(out, encoding="utf-8", write_through=False))
    gate = Gate(CellRequest(out=Path("no/such/folder"), cell="py3.12"))
    with pytest.raises(pytest.exit.Exception) as left:
        gate.leave("not as requested\n  hint: again", 70)
    assert out.getvalue() == b"\npy3.12: not as requested\n  hint: again\n"
    assert (left.value.msg, left.value.returncode) == ("py3.12: not as requested", 70)


def test_axis_that_was_not_observed_is_a_difference(run_cell: RunCell) -> None:
    cell = run_cell(PASSES, module="", pyo3="0.30.1")
    assert cell.result.ret == 70
    cell.result.stdout.fnmatch_lines(["pyo3: expected 0.30.1, got nothing"])


def test_without_a_module_the_rest_is_observed(run_cell: RunCell) -> None:
    observed = run_cell(PASSES, module="", members={"fake/__init__.py": "0"}, postgres="16").json("observed.json")
    assert observed["postgres"] == "16"
    assert not observed.keys() & {"loaded", "installed", "build_info"}


def test_unreachable_server_is_unobservable(run_cell: RunCell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "server_version", server_version)
    monkeypatch.setenv("PGHOST", "127.0.0.1")
    monkeypatch.setenv("PGPORT", "1")
    cell = run_cell(TELLS, postgres="16")
    assert cell.result.ret == 71
    record = cell.json("observed.json")
    assert record["schema_version"] == 1
    assert record["error"].startswith("cannot ask the server for its version: ")
    assert "refused" in record["error"]
    cell.result.stdout.fnmatch_lines([f"this cell: {record['error'].splitlines()[0]}"])
    assert not (cell.out.parent / "imported").exists()


class FakeServer:
    """What psycopg.connect() enters: a connection to a server that has these answers."""

    def __init__(self, answers: dict[str, tuple[str] | None]) -> None:
        self.answers = answers
        self.answer: tuple[str] | None = None

    def execute(self, query: str) -> FakeServer:
        self.answer = self.answers[query]
        return self

    def fetchone(self) -> tuple[str] | None:
        return self.answer


def serve(monkeypatch: pytest.MonkeyPatch, number: tuple[str] | None, text: tuple[str] | None) -> dict[str, Any]:
    """Have psycopg connect to such a server, and return what it is asked to connect with."""
    asked: dict[str, Any] = {}

    def connect(**options: Any) -> nullcontext[FakeServer]:
        asked.update(options)
        return nullcontext(FakeServer({"SHOW server_version_num": number, "SHOW server_version": text}))

    monkeypatch.setattr(psycopg, "connect", connect)
    return asked


def test_server_is_asked_for_both_of_its_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = serve(monkeypatch, ("160014",), ("16.14",))
    assert server_version() == (160014, "16.14")
    # Without a limit a server that does not answer would hold the cell until the wall clock outside ends it.
    assert asked == {"connect_timeout": 10, "autocommit": True}


def test_server_is_asked_by_pg8000_where_psycopg_cannot_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = server_version()
    monkeypatch.setitem(sys.modules, "psycopg", None)
    assert server_version() == expected
    monkeypatch.setenv("PGPORT", "1")
    with pytest.raises(UnobservableError, match=r"^cannot ask the server for its version: "):
        server_version()


@pytest.mark.parametrize(("number", "text"), [(None, ("16.14",)), (("160014",), None)])
def test_server_without_a_version_is_unobservable(
    monkeypatch: pytest.MonkeyPatch, number: tuple[str] | None, text: tuple[str] | None
) -> None:
    serve(monkeypatch, number, text)
    with pytest.raises(UnobservableError, match=r"^the server gave no version$"):
        server_version()


def test_module_that_cannot_be_imported_is_unobservable(run_cell: RunCell) -> None:
    cell = run_cell(TELLS, module="no_such_module", pyo3="0.30.1")
    assert cell.result.ret == 71
    assert "no_such_module" in cell.json("observed.json")["error"]
    assert not (cell.out.parent / "imported").exists()
    assert json.loads((cell.out / "observed.json").read_text(encoding="utf-8")).keys() == {"schema_version", "error"}
