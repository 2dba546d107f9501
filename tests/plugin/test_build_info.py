"""Is a build_info() that the harness could not read refused, and is it said what is wrong with it?"""

from __future__ import annotations

import sys
from types import MappingProxyType, ModuleType
from typing import Any

import pytest

from matrix_cell.build_info import read_build_info
from matrix_cell.unobservable import UnobservableError

GOOD = {"pyo3": "0.30.1", "pyo3_async_runtimes": "0.30.0"}


class Panic(BaseException):
    """What PyO3 raises for a panic in Rust: no Exception."""


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return a module `m`; a test gives it its build_info."""
    module = ModuleType("m")
    monkeypatch.setitem(sys.modules, "m", module)
    return module


def returning(module: ModuleType, value: Any) -> dict[str, str]:
    """Read the build_info of a module that returns `value`."""
    module.build_info = lambda: value  # type: ignore[attr-defined]
    return read_build_info("m")


def test_numbers_and_truth_values_become_text(module: ModuleType) -> None:
    info: dict[str, object] = {**GOOD, "target": "x86", "loop_native": True, "abi3": False, "workers": 4, "ratio": 0.5}
    assert returning(module, MappingProxyType(info)) == {
        **GOOD,
        "target": "x86",
        "loop_native": "true",
        "abi3": "false",
        "workers": "4",
        "ratio": "0.5",
    }


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        (None, "returned None; expected a mapping of text to text"),
        ([1], "returned [1], of type list; expected a mapping of text to text"),
        ({**GOOD, "pyo3": None}, 'has None as "pyo3"; expected text, a number or a truth value'),
        (
            {**GOOD, "pyo3_async_runtimes": (0, 30)},
            'has (0, 30), of type tuple as "pyo3_async_runtimes"; expected text, a number or a truth value',
        ),
        ({**GOOD, "git": None}, 'has None as "git"; expected text, a number or a truth value'),
        ({**GOOD, "git": b"1"}, "has b'1', of type bytes as \"git\"; expected text, a number or a truth value"),
        (
            {"pyo3": "0.30.1", "pyo3_async_runtimes": "0.30.0", 7: "x"},
            "has 7, of type int among its names; expected text",
        ),
    ],
)
def test_what_the_harness_cannot_read_is_unobservable(module: ModuleType, value: Any, complaint: str) -> None:
    with pytest.raises(UnobservableError) as error:
        returning(module, value)
    assert str(error.value) == f"build_info() of module m {complaint}"


@pytest.mark.parametrize("raised", [ValueError("broken"), Panic("broken"), SystemExit("broken")])
def test_build_info_that_raises_is_unobservable(module: ModuleType, raised: BaseException) -> None:
    def build_info() -> None:
        raise raised

    module.build_info = build_info  # type: ignore[attr-defined]
    with pytest.raises(UnobservableError) as error:
        read_build_info("m")
    told = f"cannot ask module m what it was built from: {type(raised).__name__}: broken"
    assert str(error.value) == told
    assert error.value.__cause__ is raised


def test_module_need_not_say_what_it_was_built_from(module: ModuleType) -> None:
    assert read_build_info("m") == {}
    # Another notion of the same name, such as that of pydantic_core, is no answer either.
    module.build_info = "profile=release"  # type: ignore[attr-defined]
    assert read_build_info("m") == {}
    assert returning(module, {}) == {}


def test_module_that_cannot_be_imported_is_unobservable() -> None:
    with pytest.raises(
        UnobservableError,
        match=r"^cannot import module no_such_module: ModuleNotFoundError: No module named 'no_such_module'",
    ):
        read_build_info("no_such_module")


def test_interrupt_is_no_answer(module: ModuleType) -> None:
    def build_info() -> None:
        raise KeyboardInterrupt

    module.build_info = build_info  # type: ignore[attr-defined]
    with pytest.raises(KeyboardInterrupt):
        read_build_info("m")
