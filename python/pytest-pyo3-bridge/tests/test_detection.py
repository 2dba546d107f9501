"""Which planted faults does a Python get, and what does a file say that cannot be meant?"""

from __future__ import annotations

import re
import sys
import sysconfig
from typing import TYPE_CHECKING

import pytest

from conftest import CLEAN
from pytest_pyo3_bridge import detection

if TYPE_CHECKING:
    from pathlib import Path

ENTRY = '[[fault]]\nid = "{0}"\nwhat = "It breaks."\nlayer = "{1}"\nbuild = "{0}"\ncaught_by = "core/quiet"\n'


def faults(folder: Path, layer: str = "core") -> list[detection.Fault]:
    """Read one fault for each build, whose name is the build's."""
    path = folder / "faults.toml"
    path.write_text("".join(ENTRY.format(build, layer) for build in detection.BUILDS), encoding="utf-8")
    return detection.read(path)


@pytest.mark.parametrize(
    ("these", "shown"),
    [
        ({"any", "gil"}, ["any", "gil"]),
        ({"any", "free-threaded"}, ["any", "free-threaded"]),
        ({"any", "gil", "debug"}, ["any", "gil", "debug"]),
        ({"any", "free-threaded", "debug"}, ["any", "free-threaded", "debug"]),
    ],
)
def test_a_python_gets_the_faults_that_its_build_shows(tmp_path: Path, these: set[str], shown: list[str]) -> None:
    found = detection.concern(faults(tmp_path), ["core"], frozenset(these))
    assert [fault.id for fault in found] == shown


def test_a_fault_of_another_layer_concerns_no_python(tmp_path: Path) -> None:
    assert not detection.concern(faults(tmp_path, "postgres"), ["core"], frozenset(detection.BUILDS))


def test_this_python_knows_its_builds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "gettotalrefcount", lambda: 0, raising=False)
    monkeypatch.setattr(sysconfig, "get_config_var", lambda name: int(name == "Py_GIL_DISABLED"))
    assert detection.builds() == {"any", "free-threaded", "debug"}
    monkeypatch.delattr(sys, "gettotalrefcount")
    monkeypatch.setattr(sysconfig, "get_config_var", lambda _: None)
    assert detection.builds() == {"any", "gil"}


def test_a_run_that_makes_no_check_is_a_problem_and_no_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tmp_path.joinpath("subject.py").write_text(CLEAN, encoding="utf-8")
    found = detection.detect(detection.Fault("none", "", "core", ()), "subject.py", "quick", 7, ["-k", "no-such-check"])
    assert "deselected" in found.problem


def test_the_settings_of_the_project_around_are_not_those_of_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.joinpath("subject.py").write_text(f"{CLEAN}\nimport warnings\nwarnings.warn('loud')\n", encoding="utf-8")
    tmp_path.joinpath("pytest.ini").write_text(
        "[pytest]\nfilterwarnings = error\nno_such_option = 1\n", encoding="utf-8"
    )
    monkeypatch.chdir(tmp_path)
    found = detection.detect(detection.Fault("none", "", "core", ()), "subject.py", "quick", 7, ["-k", "error-arrives"])
    assert (found.problem, found.found) == ("", {})


def test_a_build_that_there_is_none_of_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "faults.toml"
    path.write_text(ENTRY.format("optimised", "core"), encoding="utf-8")
    said = "optimised has the build optimised; it is one of any, gil, free-threaded, debug"
    with pytest.raises(detection.DetectionError, match=re.escape(said)):
        detection.read(path)
