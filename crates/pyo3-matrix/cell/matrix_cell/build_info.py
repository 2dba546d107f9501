"""What does the module say that it was built from? A module's name in, a map of text to text out.

A module need not say anything. What it says is held to what was observed, and no version is taken from it.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping

from matrix_cell.unobservable import UnobservableError


def read_build_info(module: str) -> dict[str, str]:
    """Import the module and return its build_info(), if it has one.

    Raises:
        UnobservableError: The module cannot be imported, or its build_info() returns no map of text to text.

    """
    returned = _ask(module)
    if not isinstance(returned, Mapping):
        message = f"build_info() of module {module} returned {_described(returned)}; expected a mapping of text to text"
        raise UnobservableError(message)
    return {_name(module, name): _text(module, name, value) for name, value in returned.items()}


def _ask(module: str) -> object:
    trying = f"import module {module}"
    try:
        ask = getattr(importlib.import_module(module), "build_info", None)
        trying = f"ask module {module} what it was built from"
        return ask() if callable(ask) else {}
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a panic in Rust arrives as an exception that is not an Exception
        message = f"cannot {trying}: {type(error).__name__}: {error}"
        raise UnobservableError(message) from error


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
