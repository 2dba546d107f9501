"""Does the plugin work with the harness that it belongs to, and with no other?"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import matrix_cell
from matrix_cell.harness import own_hash, refusal

if TYPE_CHECKING:
    from plugin.cell_run import RunCell

PASSES = "def test_inner(): pass"
OWN = Path(matrix_cell.__file__).parent


def test_hash_is_made_of_each_module_by_name_and_content(tmp_path: Path) -> None:
    modules = [("a.py", b"1"), ("b.py", b"2\r\n"), ("b/a.py", b"4")]
    (tmp_path / "b").mkdir()
    for name, content in [*modules[::-1], ("c.txt", b"3")]:
        (tmp_path / name).write_bytes(content)
    lines = [f"{name} {hashlib.sha256(content).hexdigest()}\n" for name, content in modules]
    assert own_hash(tmp_path) == hashlib.sha256("".join(lines).encode()).hexdigest()


def test_plugin_works_with_its_own_harness(run_cell: RunCell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYO3_MATRIX_PLUGIN", own_hash(OWN))
    assert run_cell(PASSES).result.ret == 0


def test_plugin_refuses_another_harness(run_cell: RunCell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYO3_MATRIX_PLUGIN", own_hash(OWN)[::-1])
    cell = run_cell(PASSES)
    assert cell.result.ret == pytest.ExitCode.USAGE_ERROR
    told = (
        f"the in-cell plugin in {OWN} is not the one of the harness that runs this cell\n"
        "  hint: the harness brings its own; remove the copy of matrix_cell that Python finds first"
    )
    assert cell.json("observed.json") == {"schema_version": 1, "error": told}
    assert told.splitlines()[0] in cell.result.stderr.str()
    assert not (cell.out / "events.jsonl").exists()


def test_without_a_harness_the_plugin_works_by_hand(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PYO3_MATRIX_PLUGIN", raising=False)
    assert refusal(tmp_path) is None
    monkeypatch.setenv("PYO3_MATRIX_PLUGIN", "")
    assert refusal(tmp_path) is None
