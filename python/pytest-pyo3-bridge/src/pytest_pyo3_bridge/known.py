"""Which failures does the project know? A `bridge-known.toml` in, a reason per check id out."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

KEYS = {"id", "reason", "link", "python", "driver"}


class KnownError(Exception):
    """The file cannot be used. The text says what is wrong, where, and what to do."""


@dataclass(frozen=True)
class Known:
    """One failure that the project knows of.

    Attributes:
        id: the check's id.
        reason: why it stands, for the report.
        link: where more is said.
    """

    id: str
    reason: str
    link: str = ""


def read(path: Path, checks: Iterable[str], driver: str = "") -> dict[str, Known]:
    """Read the failures that are known here, by check id.

    Args:
        path: the file: ``[[known]]`` tables with ``id``, ``reason``, ``link``, and optionally ``python`` (a list of
            versions such as ``"3.12"``) and ``driver`` (a list of beginnings of the driver's version).
        checks: all ids that there are.
        driver: what the adapter says it drives.

    Raises:
        KnownError: if the file says something that it cannot mean.
    """
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        message = f"{path}: {error}"
        raise KnownError(message) from error
    entries = found.pop("known", [])
    if found or not isinstance(entries, list):
        message = f"{path}: only [[known]] tables can stand there, not {', '.join(found) or 'a value'}"
        raise KnownError(message)
    known: dict[str, Known] = {}
    for number, entry in enumerate(entries, 1):
        _refuse(path, number, entry, set(checks))
        if _applies(entry, driver):
            if entry["id"] in known:
                message = f"{path}: entry {number}: {entry['id']} is there twice for this Python and driver"
                raise KnownError(message)
            known[entry["id"]] = Known(entry["id"], entry["reason"], entry.get("link", ""))
    return known


def _refuse(path: Path, number: int, entry: dict[str, Any], checks: set[str]) -> None:
    where = f"{path}: entry {number}"
    problem = ""
    if unknown := set(entry) - KEYS:
        problem = f"unknown key {min(unknown)}\nhint: keys are {', '.join(sorted(KEYS))}"
    elif not entry.get("id") or not entry.get("reason"):
        problem = "an entry needs an id and a reason"
    elif entry["id"] not in checks:
        problem = f"there is no check {entry['id']}\nhint: python -m pytest_pyo3_bridge checks"
    elif not all(isinstance(entry.get(key, []), list) for key in ("python", "driver")):
        problem = "python and driver are lists of versions"
    if problem:
        message = f"{where}: {problem}"
        raise KnownError(message)


def _applies(entry: dict[str, Any], driver: str) -> bool:
    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    return ("python" not in entry or here in entry["python"]) and (
        "driver" not in entry or any(driver.startswith(begin) for begin in entry["driver"])
    )
