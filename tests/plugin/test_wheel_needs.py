"""Does the check of a wheel's requirements name what does not hold, and nothing else?"""

from __future__ import annotations

import runpy
import sys
from typing import TYPE_CHECKING

import pytest

from matrix_cell import wheel_needs
from matrix_cell.wheel_needs import unmet

if TYPE_CHECKING:
    from pathlib import Path

# Metadata folders: a name, a version, and lines of metadata.
INSTALLED = {
    "there": ("2.1", ["Requires-Dist: absent-helper", "Requires-Dist: absent-speed; extra == 'speed'"]),
    "preview": ("3.0rc1", []),
}


@pytest.fixture
def needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder on the path with INSTALLED in it, for the metadata of `ours`."""
    for name, (version, lines) in INSTALLED.items():
        _install(tmp_path, name, version, lines)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def _install(folder: Path, name: str, version: str, lines: list[str]) -> None:
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir()
    head = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    (info / "METADATA").write_text("\n".join([*head, *lines]) + "\n", encoding="utf-8")


def _ours(folder: Path, *requirements: str) -> list[str]:
    _install(folder, "ours", "1.0", [f"Requires-Dist: {requirement}" for requirement in requirements])
    return list(unmet("ours"))


def test_what_is_installed_in_a_version_that_fits_is_not_named(needs: Path) -> None:
    assert _ours(needs, "there", "There>=2,<3", "preview>=3.0rc1") == []


def test_what_is_absent_or_of_another_version_is_named_with_what_is_there(needs: Path) -> None:
    assert _ours(needs, "absent>=3.0.0", "there>=99") == [
        "absent>=3.0.0, which is not installed",
        "there>=99, and 2.1 is installed",
    ]


def test_a_preview_of_the_version_that_is_asked_for_is_older_than_it(needs: Path) -> None:
    assert _ours(needs, "preview>=3.0") == ["preview>=3.0, and 3.0rc1 is installed"]


def test_a_requirement_of_another_machine_or_of_an_extra_is_no_requirement_here(needs: Path) -> None:
    assert _ours(needs, "absent; sys_platform == 'nowhere'", "absent; extra == 'more'") == []


def test_an_extra_that_is_asked_for_is_followed_and_what_pip_held_to_the_lock_is_not(needs: Path) -> None:
    assert _ours(needs, "there[speed]>=2") == ["there[speed]>=2: absent-speed, which is not installed"]


def test_a_distribution_without_requirements_needs_nothing(needs: Path) -> None:
    assert _ours(needs) == []


def test_the_program_prints_a_requirement_a_line(
    needs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _ours(needs, "absent", "there>=99")
    monkeypatch.setattr(sys, "argv", ["wheel_needs.py", "ours"])
    runpy.run_path(wheel_needs.__file__, run_name="__main__")
    assert capsys.readouterr().out == "absent, which is not installed\nthere>=99, and 2.1 is installed\n"
