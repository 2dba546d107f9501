"""Is a request that cannot be understood refused, and none taken for one where none was made?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from matrix_cell.observation import EXIT_MISMATCH
from matrix_cell.request import CellRequest, read_request
from plugin.conftest import PLUGIN

if TYPE_CHECKING:
    from pathlib import Path

    from plugin.cell_run import RunCell

PASSES = "def test_inner(): pass"


class FakeConfig:
    """A pytest configuration with these options."""

    def __init__(self, **options: str) -> None:
        self.options = options

    def getoption(self, name: str) -> str | None:
        return self.options.get(name)


def request(**options: str) -> CellRequest | None:
    return read_request(FakeConfig(**options))  # type: ignore[arg-type]


@pytest.mark.usefixtures("clean_environment")
def test_nothing_but_the_folder_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert request() is None
    # Absolute, because a test may change the working directory.
    assert request(matrix_out="out") == CellRequest(out=tmp_path.resolve() / "out")
    assert request(matrix_out="out") == CellRequest(
        out=tmp_path.resolve() / "out", module=None, cell="this cell", axes={}, built={}, members=None
    )


@pytest.mark.usefixtures("clean_environment")
def test_variables_say_what_the_options_do_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    members = tmp_path / "members.json"
    members.write_text('{"é.py": "00"}', encoding="utf-8")
    monkeypatch.setenv("PYO3_MATRIX_OUT", str(tmp_path))
    monkeypatch.setenv("PYO3_MATRIX_MODULE", "from_the_variable")
    monkeypatch.setenv("PYO3_MATRIX_CELL", "py3.12")
    monkeypatch.setenv("PYO3_MATRIX_REQUESTED", '{"python": "3.12"}')
    monkeypatch.setenv("PYO3_MATRIX_BUILT", '{"rustc": "1.86.0"}')
    monkeypatch.setenv("PYO3_MATRIX_MEMBERS", str(members))
    said = request()
    assert said == CellRequest(
        out=tmp_path.resolve(),
        module="from_the_variable",
        cell="py3.12",
        axes={"python": "3.12"},
        built={"rustc": "1.86.0"},
        members={"é.py": "00"},
    )
    said = request(matrix_module="from_the_option")
    assert said is not None
    assert said.module == "from_the_option"


@pytest.mark.usefixtures("clean_environment")
def test_empty_variables_say_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MODULE", "REQUESTED", "BUILT", "MEMBERS"):
        monkeypatch.setenv(f"PYO3_MATRIX_{name}", "")
    assert request(matrix_out=str(tmp_path)) == CellRequest(out=tmp_path.resolve())


@pytest.mark.usefixtures("clean_environment")
@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ("{", "is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ("[]", "is not a JSON object of texts: []"),
        ('{"python": 3}', 'is not a JSON object of texts: {"python": 3}'),
        ('{"python": null, "a": "b"}', 'is not a JSON object of texts: {"python": null, "a": "b"}'),
        (json.dumps(["x" * 300]), f'is not a JSON object of texts: ["{"x" * 198}'),
    ],
)
def test_what_is_no_object_of_texts_is_a_usage_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, complaint: str
) -> None:
    path = tmp_path / "members.json"
    path.write_text(value, encoding="utf-8")
    for name, content, noun in [
        ("REQUESTED", value, "the value of the requested versions"),
        ("BUILT", value, "what the wheel was built from"),
        ("MEMBERS", str(path), f"the list of the wheel's files, PYO3_MATRIX_MEMBERS={path},"),
    ]:
        with monkeypatch.context() as patch:
            patch.setenv(f"PYO3_MATRIX_{name}", content)
            with pytest.raises(pytest.UsageError) as error:
                request(matrix_out=str(tmp_path))
        # Python 3.13 has other words for some of JSON's errors.
        assert str(error.value).startswith(f"{noun} {complaint.partition(':')[0]}")
        if "is not JSON" not in complaint:
            assert str(error.value) == f"{noun} {complaint}"


@pytest.mark.usefixtures("clean_environment")
@pytest.mark.parametrize("content", [None, b"\xff{}"])
def test_list_of_members_that_cannot_be_read_is_a_usage_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    path = tmp_path / "members.json"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setenv("PYO3_MATRIX_MEMBERS", str(path))
    with pytest.raises(pytest.UsageError) as error:
        request(matrix_out=str(tmp_path))
    assert str(error.value).startswith(f"the list of the wheel's files, PYO3_MATRIX_MEMBERS={path}, cannot be read: ")


@pytest.mark.usefixtures("clean_environment")
def test_folder_of_the_record_is_made_and_each_part_can_be_named(pytester: pytest.Pytester) -> None:
    out = pytester.path / "no/such/folder"
    for _second_time in (False, True):
        manager = pytester.parseconfigure(*PLUGIN, "--matrix-out", str(out)).pluginmanager
        names = {name for name, plugin in manager.list_name_plugin() if plugin and name.startswith("matrix-")}
        parts = ("session", "start", "workers", "memory", "gate", "benchmark-rounds")
        assert names == {f"matrix-{part}" for part in parts}
        assert {path.name for path in out.iterdir()} >= {"events.jsonl"}


def test_misspelt_axis_makes_the_cell_another_than_requested(run_cell: RunCell) -> None:
    cell = run_cell(PASSES, postgres="16", java="8")
    assert cell.result.ret == EXIT_MISMATCH
    cell.result.stdout.fnmatch_lines(["java: expected 8, got nothing"])


def test_options_are_explained(pytester: pytest.Pytester) -> None:
    shown = " ".join(pytester.runpytest_inprocess(*PLUGIN, "--help").stdout.str().split())
    assert (
        " matrix cell: "
        "--matrix-out=MATRIX_OUT folder for observed.json, events.jsonl and memory.json [PYO3_MATRIX_OUT] "
        "--matrix-module=MATRIX_MODULE module under test; has build_info() [PYO3_MATRIX_MODULE] "
        "--matrix-requested=MATRIX_REQUESTED JSON object of the requested versions [PYO3_MATRIX_REQUESTED] "
    ) in shown


@pytest.mark.usefixtures("clean_environment")
def test_without_a_folder_nothing_is_observed(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_inner=PASSES)
    result = pytester.runpytest_inprocess(*PLUGIN)
    assert result.ret == 0
    assert not list(pytester.path.rglob("*.json*"))
