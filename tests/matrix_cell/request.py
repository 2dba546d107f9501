"""What was this cell asked to be, and where may it write? Environment and options in, one checked value out."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

AXES = ("python", "postgres", "pyo3", "pyo3_async_runtimes")


@dataclass(frozen=True)
class CellRequest:
    """The part of the plan that reaches the inside of a cell."""

    out: Path
    module: str | None = None
    cell: str = "this cell"
    axes: Mapping[str, str] = field(default_factory=dict)
    built: Mapping[str, str] = field(default_factory=dict)


def add_options(parser: pytest.Parser) -> None:
    """Declare the options; each falls back to the variable that the harness sets."""
    group = parser.getgroup("matrix cell")
    group.addoption("--matrix-out", help="folder for observed.json, events.jsonl and memory.json [PYO3_MATRIX_OUT]")
    group.addoption("--matrix-module", help="module under test; has build_info() [PYO3_MATRIX_MODULE]")
    group.addoption("--matrix-requested", help="JSON object of the requested versions [PYO3_MATRIX_REQUESTED]")


def read_request(config: pytest.Config) -> CellRequest | None:
    """Return the request, or None where nobody asked for a record: then the tests run as if this plugin were absent."""
    out = _setting(config, "out")
    if out is None:
        return None
    return CellRequest(
        out=Path(out).resolve(),
        module=_setting(config, "module"),
        cell=os.environ.get("PYO3_MATRIX_CELL", "this cell"),
        axes=_axes(_setting(config, "requested")),
        built=_built(os.environ.get("PYO3_MATRIX_BUILT")),
    )


def _setting(config: pytest.Config, name: str) -> str | None:
    value: str | None = config.getoption(f"matrix_{name}")
    return value or os.environ.get(f"PYO3_MATRIX_{name.upper()}") or None


def _built(text: str | None) -> dict[str, str]:
    try:
        built = json.loads(text or "{}")
    except ValueError as error:
        message = f"what the wheel was built from is not JSON: {error}"
        raise pytest.UsageError(message) from error
    return {str(key): str(value) for key, value in built.items()}


def _axes(text: str | None) -> dict[str, str]:
    if text is None:
        return {}
    try:
        axes = json.loads(text)
    except ValueError as error:
        message = f"the requested versions are not JSON: {error}"
        raise pytest.UsageError(message) from error
    if not isinstance(axes, dict):
        message = f"the requested versions are not a JSON object: {text}"
        raise pytest.UsageError(message)
    # A misspelt axis would never be compared, and the cell would be green under a false name.
    if unknown := sorted(set(axes) - set(AXES)):
        message = f"unknown axes {unknown} among the requested versions; expected: {list(AXES)}"
        raise pytest.UsageError(message)
    return {str(axis): str(version) for axis, version in axes.items()}
