"""What was this cell asked to be, and where may it write? Environment and options in, one checked value out."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

# How much of a wrong value a message shows, in characters.
MOST_SHOWN = 200


@dataclass(frozen=True)
class CellRequest:
    """The part of the plan that reaches the inside of a cell."""

    out: Path
    module: str | None = None
    cell: str = "this cell"
    axes: Mapping[str, str] = field(default_factory=dict)
    built: Mapping[str, str] = field(default_factory=dict)
    # Name to how its release is asked for.
    services: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    # Path in the wheel to SHA-256; None where the cell is only observed.
    members: Mapping[str, str] | None = None


def add_options(parser: pytest.Parser) -> None:
    """Declare the options; each falls back to the variable that the harness sets."""
    group = parser.getgroup("matrix cell")
    group.addoption("--matrix-out", help="folder for observed.json, events.jsonl and memory.json [PYO3_MATRIX_OUT]")
    group.addoption("--matrix-module", help="module under test; has build_info() [PYO3_MATRIX_MODULE]")
    group.addoption("--matrix-requested", help="JSON object of the requested versions [PYO3_MATRIX_REQUESTED]")


def read_request(config: pytest.Config) -> CellRequest | None:
    """Return the request, or None where no record is wanted: then the tests run as if this plugin were absent."""
    out = _setting(config, "out")
    if out is None:
        return None
    return CellRequest(
        out=Path(out).resolve(),
        module=_setting(config, "module"),
        cell=os.environ.get("PYO3_MATRIX_CELL", "this cell"),
        axes=_object(_setting(config, "requested") or "{}", "the value of the requested versions"),
        built=_object(os.environ.get("PYO3_MATRIX_BUILT") or "{}", "what the wheel was built from"),
        services=_services(os.environ.get("PYO3_MATRIX_SERVICES")),
        members=_members(os.environ.get("PYO3_MATRIX_MEMBERS")),
    )


def _setting(config: pytest.Config, name: str) -> str | None:
    value: str | None = config.getoption(f"matrix_{name}")
    return value or os.environ.get(f"PYO3_MATRIX_{name.upper()}") or None


def _members(path: str | None) -> dict[str, str] | None:
    if not path:
        return None
    try:
        text = Path(path).read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        message = f"the list of the wheel's files, PYO3_MATRIX_MEMBERS={path}, cannot be read: {error}"
        raise pytest.UsageError(message) from error
    return _object(text, f"the list of the wheel's files, PYO3_MATRIX_MEMBERS={path},")


def _services(text: str | None) -> dict[str, dict[str, Any]]:
    """The harness writes this; by hand there are none."""
    services: dict[str, dict[str, Any]] = json.loads(text or "{}")
    return services


def _object(text: str, noun: str) -> dict[str, str]:
    """Read a JSON object of texts; anything else is a mistake of the caller, who is told what `noun` is."""
    try:
        value = json.loads(text)
    except ValueError as error:
        message = f"{noun} is not JSON: {error}"
        raise pytest.UsageError(message) from error
    if not (isinstance(value, dict) and all(isinstance(entry, str) for entry in value.values())):
        message = f"{noun} is not a JSON object of texts: {text[:MOST_SHOWN]}"
        raise pytest.UsageError(message)
    return value
