"""Is a session refused whose tests would run in other processes, and no other session?"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from matrix_cell.workers import REFUSAL, refusal
from plugin.conftest import PLUGIN

if TYPE_CHECKING:
    from plugin.cell_run import RunCell


class Config(SimpleNamespace):
    """A pytest configuration with some options."""

    def getoption(self, name: str, default: object) -> object:
        return getattr(self, name, default)


@pytest.mark.parametrize(
    "options",
    [
        {"numprocesses": 2},
        {"numprocesses": "auto"},
        {"numprocesses": 1, "dist": "load", "tx": ["popen"]},
        {"numprocesses": None, "dist": "load", "tx": ["popen"]},
        {"dist": "loadscope", "tx": ["2*popen"]},
        {"workerinput": {}},
        {"workerinput": {"workerid": "gw0"}, "numprocesses": None, "dist": "no", "tx": []},
    ],
)
def test_workers_are_refused(options: dict[str, Any]) -> None:
    assert refusal(Config(**options)) == REFUSAL  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"numprocesses": None, "dist": "no", "tx": []},
        {"numprocesses": 0, "dist": "no", "tx": []},
        # A way to distribute, and no process to distribute to: xdist leaves the tests where they are.
        {"numprocesses": None, "dist": "loadscope", "tx": []},
        {"numprocesses": None, "dist": "no", "tx": ["popen"]},
        {"dist": None, "tx": ["popen"]},
    ],
)
def test_one_process_is_not_refused(options: dict[str, Any]) -> None:
    assert refusal(Config(**options)) is None  # type: ignore[arg-type]


# The options of pytest-xdist, without the package.
OPTIONS = """
def pytest_addoption(parser):
    parser.addoption("--workers", dest="numprocesses", type=int)
    parser.addoption("--dist", dest="dist", default="no")
    parser.addoption("--tx", dest="tx", action="append", default=[])
"""


@pytest.mark.parametrize("arguments", [("--workers", "2"), ("--dist", "load", "--tx", "popen")])
def test_refusal_reaches_the_user_and_the_record(
    run_cell: RunCell, pytester: pytest.Pytester, arguments: tuple[str, ...]
) -> None:
    pytester.makeconftest(OPTIONS)
    cell = run_cell("def test_inner(): raise SystemExit('it ran')", arguments=arguments)
    assert cell.result.ret == pytest.ExitCode.USAGE_ERROR
    assert cell.json("observed.json") == {"schema_version": 1, "error": REFUSAL}
    cell.result.stderr.fnmatch_lines(
        ["ERROR: pytest-xdist would run the tests in processes of its own, *", "hint: *-n 0*"]
    )
    assert not (cell.out / "events.jsonl").exists()


def test_no_worker_is_no_refusal(run_cell: RunCell, pytester: pytest.Pytester) -> None:
    pytester.makeconftest(OPTIONS)
    assert run_cell("def test_inner(): pass", arguments=("--workers", "0")).result.ret == 0


@pytest.mark.usefixtures("clean_environment")
def test_where_no_record_is_wanted_workers_may_run(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(OPTIONS)
    pytester.makepyfile(test_inner="def test_inner(): pass")
    assert pytester.runpytest_inprocess(*PLUGIN, "--workers", "2").ret == 0


def test_refusal_says_what_to_do() -> None:
    assert REFUSAL == (
        "pytest-xdist would run the tests in processes of its own, where nothing checks which wheel is loaded\n"
        "hint: leave -n, --dist and --tx out of [suite] in matrix.toml and out of addopts, or add -n 0; "
        "where no option of xdist is given, -p no:xdist will do"
    )
