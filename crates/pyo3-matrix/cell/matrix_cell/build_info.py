"""What does the module say that it was built from? A module's name in, a map of text to text out."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from typing import Any

from matrix_cell.unobservable import UnobservableError

# Each with a version as an example, for the message.
NEEDED = {"pyo3": "0.30.1", "pyo3_async_runtimes": "0.30.0"}


def read_build_info(module: str) -> dict[str, str]:
    """Import the module and return its build_info(); raise UnobservableError where that is no map of text to text."""
    returned = _ask(module)
    if not isinstance(returned, Mapping):
        message = f"build_info() of module {module} returned {_described(returned)}; expected a mapping of text to text"
        raise UnobservableError(message)
    for name, example in NEEDED.items():
        _check_version(module, returned, name, example)
    return {_name(module, name): _text(module, name, value) for name, value in returned.items()}


def _ask(module: str) -> object:
    try:
        return importlib.import_module(module).build_info()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a panic in Rust arrives as an exception that is not an Exception
        message = f"cannot ask module {module} what it was built from: {type(error).__name__}: {error}"
        raise UnobservableError(message) from error


def _check_version(module: str, returned: Mapping[Any, Any], name: str, example: str) -> None:
    expected = f'expected the version as text, e.g. "{example}"'
    if name not in returned:
        message = f'build_info() of module {module} has no "{name}"; {expected}'
        raise UnobservableError(message)
    # A number is no version: 0.30 and 0.3 are the same one.
    if not isinstance(returned[name], str):
        message = f'build_info() of module {module} has {_described(returned[name])} as "{name}"; {expected}'
        raise UnobservableError(message)


def _name(module: str, name: object) -> str:
    if isinstance(name, str):
        return name
    message = f"build_info() of module {module} has {_described(name)} among its names; expected text"
    raise UnobservableError(message)


def _text(module: str, name: object, value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, int, float)):
        return json.dumps(value)
    message = (
        f'build_info() of module {module} has {_described(value)} as "{name}"; expected text, a number or a truth value'
    )
    raise UnobservableError(message)


def _described(value: object) -> str:
    return "None" if value is None else f"{value!r}, of type {type(value).__name__}"
