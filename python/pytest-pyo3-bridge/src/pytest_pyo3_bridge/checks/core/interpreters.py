"""What does an import in a subinterpreter do? It works, or is a clean ImportError; it is no crash."""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING, Any

from pytest_pyo3_bridge.catalogue import Level, check
from pytest_pyo3_bridge.facts import tell_and_end, told
from pytest_pyo3_bridge.trial import Inapplicable

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_pyo3_bridge.trial import Trial

# What runs there; the first name is the pipe to write to. The adapter's error has the import's as its cause.
SCRIPT = """
import os, sys
pipe, sys.path[:], adapter = {pipe!r}, {path!r}, {adapter!r}
try:
    from pytest_pyo3_bridge.adapter import load
    load(adapter)
    found = "works"
except BaseException as error:
    cause = error.__cause__ or error
    found = type(cause).__name__ + ": " + str(cause)
os.write(pipe, found.encode())
"""


def imports_elsewhere(_: Callable[[], Any], adapter: str, kind: str) -> None:
    read, write = os.pipe()
    script = SCRIPT.format(pipe=write, path=sys.path, adapter=adapter)
    trouble = _run(script, kind)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        found = pipe.read().decode()
    tell_and_end(found=found or f"nothing: {trouble}")


def _run(script: str, kind: str) -> object:
    """Run a script in a new interpreter; each Python has another module for that."""
    try:
        if sys.version_info >= (3, 13):
            interpreters = importlib.import_module("_interpreters")
            return interpreters.run_string(interpreters.create(kind), script)
        interpreters = importlib.import_module("_xxsubinterpreters")
        return interpreters.run_string(interpreters.create(isolated=kind == "isolated"), script)
    except ImportError as error:
        tell_and_end(inapplicable=f"this Python has no subinterpreters: {error}")
    return None


async def _import(trial: Trial, kind: str) -> None:
    if sys.version_info < (3, 12) or sys.implementation.name != "cpython":
        reason = "only CPython from 3.12 on lets an extension say whether it stands subinterpreters"
        raise Inapplicable(reason)
    ended = await trial.programs.run(imports_elsewhere, trial.programs.adapter, kind)
    found = told(ended)["found"]
    trial.note(f"import in a subinterpreter, {kind}", found)
    assert found == "works" or found.startswith("ImportError: "), f"an import in a subinterpreter: {found}"


@check(
    "core/import-in-a-subinterpreter",
    Level.MUST,
    "an import in a subinterpreter with a GIL of its own works, or is an ImportError",
    why="State that two interpreters share is a crash; Python asks a module whether it stands that.",
    source="ijl/orjson#434",
    limit=60.0,
)
async def import_in_a_subinterpreter(trial: Trial) -> None:
    await _import(trial, "isolated")


@check(
    "core/import-in-a-legacy-subinterpreter",
    Level.MUST,
    "an import in a subinterpreter that shares the GIL works, or is an ImportError",
    why="mod_wsgi and embedders use these, and Python does not ask the module there.",
    source="ijl/orjson#434",
    limit=60.0,
)
async def import_in_a_legacy_subinterpreter(trial: Trial) -> None:
    await _import(trial, "legacy")
