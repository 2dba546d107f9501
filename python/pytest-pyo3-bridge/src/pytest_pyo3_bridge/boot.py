"""How does a process of the kit find what pytest finds? With pytest's own `sys.path`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

VARIABLE = "PYTEST_PYO3_BRIDGE_PATH"
# `python -c` puts the current folder first, where an older build of the extension may lie.
_BEGIN = f"import json, os, sys; sys.path[:] = json.loads(os.environ['{VARIABLE}']); "


def command(module: str) -> list[str]:
    """Return the command that runs ``main`` of a module of the kit."""
    return [sys.executable, "-c", f"{_BEGIN}from pytest_pyo3_bridge.{module} import main; main()"]


def environment() -> dict[str, str]:
    """Return this process's variables, and its `sys.path` for the process to come."""
    places = [str(Path(place).absolute()) for place in sys.path]
    variables = {**os.environ, VARIABLE: json.dumps(places)}
    # It would take the assertions out of the checks.
    variables.pop("PYTHONOPTIMIZE", None)
    return variables
