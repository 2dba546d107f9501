"""Are instructions counted, and per call? With perf and valgrind of the tests' own, and with the machine's valgrind."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any, Callable

import pytest

from pytest_pyo3_bridge.instructions import counter

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import RunKit

    Outcomes = Callable[[], dict[str, Any]]

CHECK = "core/instructions-per-call"
# A valgrind that runs the program as it is, and counts what it likes.
VALGRIND = """#!/bin/sh
[ "$1" = --version ] && { echo valgrind-9.8.7; exit 0; }
for argument; do case $argument in --log-file=*) log=${argument#*=};; esac; done
shift 3
"$@"
status=$?
echo "==1== Collected : 4200" > "$log"
exit $status
"""
PERF = """#!/bin/sh
[ "$1" = --version ] && { echo perf version 6.1.4; exit 0; }
echo "%s,,instructions:u,1,100.00,," > "$7"
"""


def _program(folder: Path, name: str, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)


@pytest.mark.parametrize(("said", "name"), [("123", "perf 6.1.4"), ("<not supported>", "callgrind 9.8.7")])
def test_perf_counts_where_the_machine_has_counters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, name: str
) -> None:
    _program(tmp_path / "bin", "perf", PERF % said)
    _program(tmp_path / "bin", "valgrind", VALGRIND)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    found = counter()
    assert found is not None
    assert found.name == name


def test_where_nothing_counts_that_is_the_reason(
    run_kit: RunKit, outcomes: Outcomes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run_kit("-k", CHECK, "--bridge-depth=default").ret == 0
    assert outcomes()[CHECK]["message"].startswith("nothing counts instructions here")


def test_callgrind_is_too_slow_for_quick_depth(
    run_kit: RunKit, outcomes: Outcomes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _program(tmp_path / "bin", "valgrind", VALGRIND)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/bin")
    assert run_kit("-k", CHECK, "--bridge-depth=quick").ret == 0
    assert outcomes()[CHECK]["message"].startswith("callgrind 9.8.7 takes")


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="there is no valgrind")
def test_a_call_that_does_more_has_more_instructions(run_kit: RunKit, outcomes: Outcomes) -> None:
    def counted(fault: str = "") -> Any:
        assert run_kit("-k", CHECK, "--bridge-depth=default", fault=fault).ret == 0
        entry = outcomes()[CHECK]
        assert entry["outcome"] == "recorded"
        return entry["notes"]["instructions per call"]

    more = """
    class Adapter(Clean):
        async def quick(self):
            sum(range(10_000))
    """
    clean, burdened = counted(), counted(more)
    # CPython takes some 20 to 300 instructions to add a number, by how it was built.
    assert 100_000 < burdened - clean < 10_000_000, (clean, burdened)
