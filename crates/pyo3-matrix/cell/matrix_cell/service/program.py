"""Which version does a program of this cell have? A command that prints it is run in the cell."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, Any

from matrix_cell.unobservable import UnobservableError

if TYPE_CHECKING:
    from collections.abc import Mapping

# Seconds.
LIMIT = 20


def observe(settings: Mapping[str, Any], requested: str) -> tuple[str, str]:
    """Run `settings["command"]`, and return the version that it prints, cut to the length of `requested`, and whole."""
    command = list(settings["command"])
    try:
        ran = subprocess.run(  # noqa: S603  matrix.toml names the command
            command, capture_output=True, text=True, errors="replace", timeout=LIMIT, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        message = f"cannot see a version with `{' '.join(command)}`: {error}"
        raise UnobservableError(message) from error
    full = version(ran.stdout)
    if full is None:
        message = f"`{' '.join(command)}` prints no version"
        raise UnobservableError(message)
    return ".".join(full.split(".")[: len(requested.split("."))]), full


def version(text: str) -> str | None:
    """Return the first number with a dot in it, else the first number. The harness reads it the same way."""
    numbers = [part.strip(".") for part in re.split(r"[^0-9.]+", text)]
    with_a_dot = (number for number in numbers if "." in number)
    return next(with_a_dot, next(filter(None, numbers), None))
