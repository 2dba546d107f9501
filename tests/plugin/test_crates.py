"""Is it found in a wheel what that was made of, without its module's help?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from matrix_cell.crates import contradictions, is_companion, made_of, seen_in

if TYPE_CHECKING:
    from pathlib import Path

BINARY = (
    b"\x7fELF\0/index-1949cf8c6b5b557f/pyo3-0.30.1/src/err/mod.rs\0/r/pyo3-ffi-0.30.1/src/a.rs"
    b"/r/pyo3-async-runtimes-0.30.0/src/tokio.rs\0/rust/deps/hashbrown-0.15.2/src/raw.rs"
    b"C:\\r\\pythonize-0.30.0\\src\\lib.rs\0/checkouts/pyo3-1a2b3c/4d5e/src/lib.rs\0PyInit_pyo3_async_runtimes\0"
    b"GCC: (Debian) 14\0rustc version 1.95.0 (59807616e 2026-04-14)\0"
    b"clang LLVM (rustc version 1.95.0 (59807616e 2026-04-14))\0"
)


@pytest.fixture
def binary(tmp_path: Path) -> Path:
    """Return a shared object with what rustc leaves in one."""
    path = tmp_path / "_x.so"
    path.write_bytes(BINARY)
    return path


def bom(folder: Path, components: object) -> Path:
    path = folder / "x.cyclonedx.json"
    path.write_text(json.dumps({"bomFormat": "CycloneDX", "components": components}), encoding="utf-8")
    return path


def test_binary_says_what_it_was_made_of(binary: Path) -> None:
    assert seen_in(binary, []) == {
        "the paths in it": {
            "pyo3": ["0.30.1"],
            "pyo3_async_runtimes": ["0.30.0"],
            "pyo3_ffi": ["0.30.1"],
            "pythonize": ["0.30.0"],
        },
        "its .comment": {"rustc": ["rustc 1.95.0"]},
        "its exports": {"pyo3_async_runtimes": []},
    }


def test_sbom_says_it_too(tmp_path: Path, binary: Path) -> None:
    binary.write_bytes(b"stripped of everything")
    components = [{"name": "pyo3", "version": "0.30.1"}, {"name": "tokio", "version": "1.54.1"}, {"name": "pyo3-log"}]
    assert seen_in(binary, [bom(tmp_path, components)]) == {"the wheel's SBOM": {"pyo3": ["0.30.1"]}}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"components": null}'])
def test_sbom_that_cannot_be_read_says_nothing(tmp_path: Path, binary: Path, text: str) -> None:
    binary.write_bytes(b"")
    path = tmp_path / "bom.json"
    path.write_text(text, encoding="utf-8")
    assert seen_in(binary, [path, tmp_path / "missing.json"]) == {}


def test_object_of_another_wheel_is_known_by_what_stands_in_it(binary: Path) -> None:
    seen, built = seen_in(binary, []), {"pyo3": "0.29.3", "pyo3_async_runtimes": "0.29.0"}
    own = {"pyo3": "0.30.1", "pyo3_async_runtimes": "0.30.0", "pythonize": "0.30.0"}
    assert made_of(built, seen, ["pyo3"], is_of_the_wheel=False) == own
    assert made_of({}, seen, ["pyo3"], is_of_the_wheel=True) == own
    assert made_of(built, seen, ["pyo3"], is_of_the_wheel=True) == built


def test_what_stands_in_the_object_counts_more_than_the_sbom_beside_it(tmp_path: Path, binary: Path) -> None:
    other = [{"name": "pyo3", "version": "0.29.3"}, {"name": "pyo3-log", "version": "0.12.4"}]
    seen = seen_in(binary, [bom(tmp_path, other)])
    found = made_of({}, seen, [], is_of_the_wheel=False)
    assert (found["pyo3"], found["pyo3_log"]) == ("0.30.1", "0.12.4")


def test_wheel_has_no_companion_that_cargo_did_not_compile() -> None:
    built = {"pyo3": "0.30.1", "pyo3_ffi": "0.30.1", "serde": "1.0.0", "rustc": "rustc 1"}
    assert made_of(built, {}, ["pyo3", "pyo3_async_runtimes"], is_of_the_wheel=True) == {"pyo3": "0.30.1"}


def test_what_the_wheel_says_otherwise_than_cargo_is_told_with_its_place(binary: Path) -> None:
    seen = seen_in(binary, [])
    right = {"pyo3": "0.30.1", "pyo3_async_runtimes": "0.30.0", "rustc": "rustc 1.95.0 (59807616e 2026-04-14) (Debian)"}
    assert list(contradictions(right, seen)) == []
    assert list(contradictions({}, seen)) == []
    wrong = {"pyo3": "0.29.3", "rustc": "rustc 1.95.01 (59807616e 2026-04-14)"}
    assert list(contradictions(wrong, seen)) == [
        ("pyo3", "0.29.3", "0.30.1 by the paths in it"),
        ("rustc", "rustc 1.95.01 (59807616e 2026-04-14)", "rustc 1.95.0 by its .comment"),
        ("pyo3_async_runtimes", "none", "a module of that name in the wheel"),
    ]


@pytest.mark.parametrize("name", ["pyo3", "pyo3_log", "pyo3_async_runtimes", "pythonize", "numpy"])
def test_crate_that_goes_with_pyo3_is_a_companion(name: str) -> None:
    assert is_companion(name)


@pytest.mark.parametrize("name", ["pyo3_ffi", "pyo3_macros_backend", "tokio", "python", "rustc", "numpy_financial"])
def test_other_crate_is_no_companion(name: str) -> None:
    assert not is_companion(name)
