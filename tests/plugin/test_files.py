"""Does a cell test the files of its wheel, and only those?"""

from __future__ import annotations

import ctypes
import hashlib
import sys
from importlib.machinery import ExtensionFileLoader, ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from matrix_cell.installed import HINT, foreign_files, installed_files, sha256
from matrix_cell.loaded import loaded_object
from matrix_cell.unobservable import UnobservableError

if TYPE_CHECKING:
    from pathlib import Path

    from plugin.cell_run import RunCell
    from plugin.fake_wheel import FakeWheel

PASSES = "def test_inner(): pass"
TELLS = "from pathlib import Path\nPath('imported').touch()\ndef test_inner(): pass"
REFUSED = "this cell: this cell is not what was requested"


def test_wheel_that_is_installed_as_it_was_built_runs(run_cell: RunCell, wheel: FakeWheel) -> None:
    cell = run_cell(PASSES, members=wheel.members)
    assert cell.result.ret == 0
    observed = cell.json("observed.json")
    assert observed["loaded"] == {
        "path": str(wheel.object),
        "sha256": hashlib.sha256(wheel.object.read_bytes()).hexdigest(),
    }
    # What an installer added, generated or compiled is not of the wheel.
    assert observed["installed"] == wheel.members


def test_without_a_list_of_members_it_is_only_observed(run_cell: RunCell, wheel: FakeWheel) -> None:
    (wheel.site / "fake/py.typed").write_bytes(b"edited")
    cell = run_cell(PASSES)
    assert cell.result.ret == 0
    assert cell.json("observed.json")["installed"]["fake/py.typed"] == hashlib.sha256(b"edited").hexdigest()


def test_file_that_was_edited_after_its_installation_leaves(run_cell: RunCell, wheel: FakeWheel) -> None:
    (wheel.site / "fake/py.typed").write_bytes(b"edited")
    cell = run_cell(TELLS, members=wheel.members)
    assert cell.result.ret == 70
    expected, got = wheel.members["fake/py.typed"][:12], hashlib.sha256(b"edited").hexdigest()[:12]
    lines = [REFUSED, f"fake/py.typed: expected sha256 {expected}, got {got}", HINT]
    cell.result.stdout.fnmatch_lines(lines, consecutive=True)
    assert not (cell.out.parent / "imported").exists()


def test_file_that_was_removed_leaves(run_cell: RunCell, wheel: FakeWheel) -> None:
    (wheel.site / "fake/py.typed").unlink()
    cell = run_cell(PASSES, members=wheel.members)
    assert cell.result.ret == 70
    assert cell.json("observed.json")["installed"]["fake/py.typed"] == "missing"
    cell.result.stdout.fnmatch_lines([REFUSED, "fake/py.typed: a file of the wheel that is missing"], consecutive=True)


def test_wheel_of_other_files_leaves(run_cell: RunCell, wheel: FakeWheel) -> None:
    members = {**wheel.members, "fake/lost.py": "0" * 64}
    del members["fake/py.typed"]
    cell = run_cell(PASSES, members=members)
    assert cell.result.ret == 70
    lines = ["fake/lost.py: a file of the wheel that is missing", "fake/py.typed: installed, but no file of the wheel"]
    cell.result.stdout.fnmatch_lines([REFUSED, *lines, HINT], consecutive=True)


def test_stale_build_that_shadows_the_wheel_leaves(
    run_cell: RunCell, wheel: FakeWheel, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    stale = pytester.path / "project/fake"
    stale.mkdir(parents=True)
    (stale / "__init__.py").write_bytes((wheel.site / "fake/__init__.py").read_bytes())
    # What follows the end of a shared object changes its hash alone.
    (stale / wheel.object.name).write_bytes(wheel.object.read_bytes() + b"stale")
    monkeypatch.syspath_prepend(stale.parent)
    cell = run_cell(TELLS, members=wheel.members)
    assert cell.result.ret == 70
    loaded = stale / wheel.object.name
    cell.result.stdout.fnmatch_lines(
        [
            REFUSED,
            f"loaded {loaded}, which is no file of the wheel",
            f"no installed distribution names {loaded} in its RECORD",
            HINT,
        ],
        consecutive=True,
    )
    observed = cell.json("observed.json")
    assert observed["loaded"] == {"path": str(loaded), "sha256": sha256(loaded)}
    assert observed["installed"] == {}
    assert not (cell.out.parent / "imported").exists()


def test_module_of_python_alone_is_unobservable(run_cell: RunCell, pytester: pytest.Pytester) -> None:
    pytester.syspathinsert()
    pytester.makepyfile(pure="def build_info(): return {'pyo3': '0.30.1', 'pyo3_async_runtimes': '0.30.0'}")
    cell = run_cell(PASSES, module="pure")
    assert cell.result.ret == 71
    assert cell.json("observed.json")["error"] == (
        "cannot find the shared object of module pure: no loaded extension module exports PyInit_pure "
        "or PyModExport_pure; "
        "is the module written in Python alone?"
    )


OBSERVED = {"loaded": {"path": "/site/a/_a.so", "sha256": "11"}, "installed": {"a/_a.so": "11", "a/b.py": "22"}}


@pytest.mark.parametrize("name", ["a/_a.so", "a/_a.pyd"])
def test_shared_object_of_the_wheel_is_known_by_its_hash(name: str) -> None:
    observed = {**OBSERVED, "installed": {name: "11"}}
    assert foreign_files({name: "11"}, observed) == []


def test_other_file_with_that_hash_is_no_shared_object() -> None:
    observed = {**OBSERVED, "installed": {"a/b.py": "11"}}
    told = ["loaded /site/a/_a.so, which is no file of the wheel", HINT]
    assert foreign_files({"a/b.py": "11"}, observed) == told


def test_same_build_from_outside_of_any_distribution_is_told() -> None:
    told = ["no installed distribution names /site/a/_a.so in its RECORD", HINT]
    assert foreign_files({"a/_a.so": "11"}, {**OBSERVED, "installed": {}}) == told


def test_modules_that_an_installer_compiled_anew_are_no_difference() -> None:
    members = {"a/_a.so": "11", "a/b.py": "22", "a/c.pyc": "33"}
    assert foreign_files(members, OBSERVED) == []


@pytest.mark.parametrize(("extra", "last"), [(5, "a/x4.py"), (6, None)])
def test_five_files_are_named_and_the_rest_is_counted(extra: int, last: str | None) -> None:
    members = {"a/_a.so": "11", "a/b.py": "22"}
    installed = members | {f"a/x{number}.py": "44" for number in range(extra)}
    told = foreign_files(members, {**OBSERVED, "installed": installed})
    named = [f"a/x{number}.py: installed, but no file of the wheel" for number in range(5)]
    assert told == [*named, *([] if last else ["and 1 more"]), HINT]


def test_hint_says_what_to_do() -> None:
    assert HINT == (
        "  hint: the environment does not hold this cell's wheel; install it again, "
        "or remove the other build of the module"
    )


def test_recorded_file_of_another_distribution_is_not_taken_for_it(wheel: FakeWheel, tmp_path: Path) -> None:
    elsewhere = tmp_path / wheel.object.name
    elsewhere.write_bytes(b"")
    assert installed_files(elsewhere) == {}


def test_distribution_is_found_through_a_link_to_its_folder(wheel: FakeWheel, tmp_path: Path) -> None:
    link = tmp_path / "lib64"
    link.symlink_to(wheel.site)
    assert installed_files(link / "fake" / wheel.object.name) == wheel.members


def test_broken_record_of_another_distribution_does_not_matter(wheel: FakeWheel) -> None:
    other = wheel.site / "another-1.0.dist-info"
    other.mkdir()
    (other / "RECORD").write_text(f"\nalone\n{wheel.object.name}\n", encoding="utf-8")
    (wheel.site / "old-1.0.egg-info").mkdir()
    assert installed_files(wheel.object) == wheel.members


def test_absolute_paths_of_a_record_are_not_of_the_wheel(wheel: FakeWheel) -> None:
    with (wheel.site / "fake-1.0.dist-info/RECORD").open("a") as record:
        record.write(f"{wheel.site}/fake/__init__.py,sha256=x,1\n")
    assert installed_files(wheel.object) == wheel.members


def test_file_called_like_an_installers_own_is_kept_elsewhere(wheel: FakeWheel) -> None:
    (wheel.site / "fake/INSTALLER").write_bytes(b"")
    with (wheel.site / "fake-1.0.dist-info/RECORD").open("a") as record:
        record.write("fake/INSTALLER,sha256=x,1\n")
    assert installed_files(wheel.object)["fake/INSTALLER"] == sha256(wheel.site / "fake/INSTALLER")


def extension(monkeypatch: pytest.MonkeyPatch, name: str, path: Path) -> None:
    """Have a module be loaded that an extension's loader made from `path`."""
    module = ModuleType(name)
    module.__spec__ = ModuleSpec(name, ExtensionFileLoader(name, str(path)))
    monkeypatch.setitem(sys.modules, name, module)


def load(wheel: FakeWheel, folder: Path) -> Path:
    """Load a copy of the wheel's shared object, and return where it is."""
    folder.mkdir()
    copy = folder / wheel.object.name
    copy.write_bytes(wheel.object.read_bytes())
    ctypes.CDLL(str(copy))
    return copy


def test_generated_package_is_not_the_shared_object(
    wheel: FakeWheel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As maturin does for `rpds`: `rpds/__init__.py` imports `rpds.rpds`; psutil itself has an object of this name too.
    native = wheel.native
    monkeypatch.setitem(sys.modules, native, ModuleType(native))
    for place, name in [("a", f"A.{native}"), ("b", f"{native}.{native}"), ("z", f"{native}-more.{native}")]:
        extension(monkeypatch, name, load(wheel, tmp_path / place))
    assert loaded_object(native) == tmp_path / "b" / wheel.object.name
    extension(monkeypatch, native, load(wheel, tmp_path / "self"))
    assert loaded_object(native) == tmp_path / "self" / wheel.object.name


def test_extension_under_another_name_is_found_by_its_export(
    wheel: FakeWheel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.endswith(wheel.native)]:
        monkeypatch.delitem(sys.modules, name)
    extension(monkeypatch, "z", load(wheel, tmp_path / "z"))
    extension(monkeypatch, "y", load(wheel, tmp_path / "y"))
    assert loaded_object(f"elsewhere.{wheel.native}") == tmp_path / "y" / wheel.object.name


def test_what_is_not_loaded_or_not_there_is_not_taken_for_the_object(
    wheel: FakeWheel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.endswith(wheel.native)]:
        monkeypatch.delitem(sys.modules, name)
    extension(monkeypatch, f"a.{wheel.native}", wheel.object)
    extension(monkeypatch, f"b.{wheel.native}", tmp_path / "removed.so")
    monkeypatch.setitem(sys.modules, "no_module", None)
    monkeypatch.setitem(sys.modules, "no_spec", object())
    with pytest.raises(UnobservableError, match=f"exports PyInit_{wheel.native} or PyModExport_{wheel.native};"):
        loaded_object(f"a.{wheel.native}")
