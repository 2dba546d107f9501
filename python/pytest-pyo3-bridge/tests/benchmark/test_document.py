"""Is the file in pytest-benchmark's format? Results in, entries as its readers expect them out."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_pyo3_bridge.benchmark.document import Place, bracketed, document, write
from pytest_pyo3_bridge.benchmark.provenance import commit_info, machine_info

from .results import TEST, measured

if TYPE_CHECKING:
    from pathlib import Path

GIT = shutil.which("git")


def git(folder: Path, *arguments: str) -> str:
    """Run git as somebody, without the settings of this machine's user."""
    assert GIT is not None
    settings = ["-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "commit.gpgsign=false"]
    ran = subprocess.run(  # noqa: S603
        [GIT, *settings, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return ran.stdout.strip()


def test_both_sides_are_entries_of_one_group(tmp_path: Path) -> None:
    candidate, control = document([measured()], tmp_path)["benchmarks"]
    assert candidate["group"] == control["group"] == "tests/test_pool.py::test_fetch[10]"
    assert [candidate["name"], control["name"]] == ["test_fetch[10-candidate]", "test_fetch[10-control]"]
    assert candidate["fullname"] == "tests/test_pool.py::test_fetch[10-candidate]"
    assert (candidate["param"], candidate["params"]) == ("10", {"rows": 10})
    assert (candidate["stats"]["median"], control["stats"]["median"]) == (1e-3, 2e-3)
    assert (candidate["stats"]["iterations"], control["stats"]["iterations"]) == (10, 5)


def test_what_the_format_has_no_place_for_stands_in_extra_info(tmp_path: Path) -> None:
    candidate, control = (entry["extra_info"] for entry in document([measured()], tmp_path)["benchmarks"])
    assert (candidate.pop("side"), control.pop("side")) == ("candidate", "control")
    assert (candidate.pop("noise"), control.pop("noise")) == (pytest.approx(0.1), pytest.approx(0.05))
    assert candidate == control
    del candidate["gil"]
    assert candidate == {
        "concurrency": 1,
        "loop": "asyncio.Loop",
        "seed": 7,
        "first": ["candidate", "candidate", "candidate"],
        "ratio": 2.0,
        "ratio_low": 1.9,
        "ratio_high": 2.1,
        "ratio_confidence": 0.95,
        "ratio_resamples": 2000,
    }


def test_without_a_control_there_is_one_entry_and_no_ratio(tmp_path: Path) -> None:
    (only,) = document([measured(control=None)], tmp_path)["benchmarks"]
    assert [name for name in only["extra_info"] if name.startswith("ratio")] == []


def test_a_label_is_a_part_of_group_and_names(tmp_path: Path) -> None:
    place = Place("test_fetch", "tests/test_pool.py::test_fetch", "wide")
    candidate, _ = document([measured(place)], tmp_path)["benchmarks"]
    assert candidate["group"] == "tests/test_pool.py::test_fetch[wide]"
    assert candidate["name"] == "test_fetch[wide-candidate]"
    assert candidate["params"] is None


def test_a_word_goes_among_the_parameters() -> None:
    assert [bracketed("test", "x"), bracketed("test[1-2]", "x")] == ["test[x]", "test[1-2-x]"]


def test_parameters_that_json_cannot_say_are_written_as_python_does(tmp_path: Path) -> None:
    place = Place("test", "test", None, "id", {"raw": b"1", "kind": int, "text": "1", "none": None, "many": [1]})
    path = tmp_path / "file.json"
    write(path, [measured(place)], tmp_path)
    assert json.loads(path.read_text(encoding="utf-8"))["benchmarks"][0]["params"] == {
        "raw": "b'1'",
        "kind": "<class 'int'>",
        "text": "1",
        "none": None,
        "many": "[1]",
    }


def test_an_older_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_text("x" * 100_000, encoding="utf-8")
    write(path, [], tmp_path)
    assert json.loads(path.read_text(encoding="utf-8"))["benchmarks"] == []
    assert list(tmp_path.iterdir()) == [path]


def test_an_entry_has_the_fields_of_pytest_benchmark(tmp_path: Path) -> None:
    stats: Any = pytest.importorskip("pytest_benchmark.stats", reason="pytest-benchmark is not installed")
    plain = dict.fromkeys(("name", "fullname", "group", "param", "params", "cprofile_stats"))
    theirs = stats.Metadata(SimpleNamespace(**plain, extra_info={}), 1, {})
    theirs.update(1.0)
    entry = document([measured()], tmp_path)["benchmarks"][0]
    assert set(entry) == set(theirs.as_dict())
    assert set(entry["stats"]) == set(theirs.as_dict()["stats"])


def test_machine_and_commit_have_the_fields_of_pytest_benchmark(tmp_path: Path) -> None:
    plugin: Any = pytest.importorskip("pytest_benchmark.plugin", reason="pytest-benchmark is not installed")
    utils: Any = pytest.importorskip("pytest_benchmark.utils", reason="pytest-benchmark is not installed")
    assert set(machine_info()) == set(plugin.pytest_benchmark_generate_machine_info())
    assert set(commit_info(tmp_path)) == set(utils.get_commit_info("name"))


def test_the_machine_is_this_one() -> None:
    assert machine_info()["python_version"] == ".".join(str(part) for part in sys.version_info[:3])
    assert machine_info()["cpu"]["count"] >= 1
    json.dumps(machine_info())


def test_a_folder_without_git_is_unversioned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    found = commit_info(tmp_path)
    assert found == {
        "id": "unversioned",
        "time": None,
        "author_time": None,
        "dirty": False,
        "project": tmp_path.name,
        "branch": "(unknown)",
    }


def test_without_the_program_git_a_folder_is_unversioned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert commit_info(tmp_path)["id"] == "unversioned"


@pytest.mark.skipif(GIT is None, reason="git is not installed")
def test_a_commit_is_named_with_its_branch_and_its_project(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "work")
    git(tmp_path, "remote", "add", "origin", "https://example.org/group/some-project.git")
    (tmp_path / "file").write_text("1", encoding="utf-8")
    git(tmp_path, "add", "file")
    git(tmp_path, "commit", "-q", "-m", "First")
    found = commit_info(tmp_path)
    assert (found["id"], found["branch"]) == (git(tmp_path, "rev-parse", "HEAD"), "work")
    assert (found["project"], found["dirty"]) == ("some-project", False)
    assert found["time"] == git(tmp_path, "show", "-s", "--format=%cI")
    (tmp_path / "file").write_text("2", encoding="utf-8")
    assert commit_info(tmp_path)["dirty"] is True
    git(tmp_path, "checkout", "-q", "--detach")
    assert commit_info(tmp_path)["branch"] == "(detached head)"


def test_the_place_of_a_test_without_a_label_is_its_own() -> None:
    assert (TEST.title, TEST.group) == (TEST.name, TEST.fullname)
