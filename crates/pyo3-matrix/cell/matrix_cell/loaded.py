"""Which shared object is the module under test? A module's name in, the file that this process has loaded out.

`__file__` does not say it: a generated package such as `rpds/__init__.py` is Python that imports the shared object from
beneath itself. What every extension module has is an exported function `PyInit_<its last name>`, or `PyModExport_…`
where it is of the ABI that Python 3.15 brought (PEP 793).
"""

from __future__ import annotations

import ctypes
import os
import sys
from importlib.machinery import ExtensionFileLoader
from pathlib import Path

from matrix_cell.unobservable import UnobservableError

# Only look at what is loaded already. Where this flag is missing, opening a loaded file again returns the same object.
LOADED_ALREADY = getattr(os, "RTLD_NOLOAD", 0)


def loaded_object(module: str) -> Path:
    """Return the file of the imported module's shared object; raise UnobservableError where none is loaded."""
    exports = [f"{prefix}{module.rpartition('.')[2]}" for prefix in ("PyInit_", "PyModExport_")]
    found = [(name, path) for name, path in _extension_modules() if _exports(path, exports)]
    if not found:
        message = (
            f"cannot find the shared object of module {module}: "
            f"no loaded extension module exports {' or '.join(exports)}; is the module written in Python alone?"
        )
        raise UnobservableError(message)
    # Other extensions may have the same last name, such as `_native`.
    return Path(min(found, key=lambda candidate: _distance(candidate[0], module))[1])


def _extension_modules() -> list[tuple[str, str]]:
    loaders = [(name, getattr(getattr(module, "__spec__", None), "loader", None)) for name, module in _modules()]
    return [(name, str(loader.path)) for name, loader in loaders if isinstance(loader, ExtensionFileLoader)]


def _modules() -> list[tuple[str, object]]:
    # A copy of the list: to read an attribute of a lazy module may import another module.
    return list(sys.modules.items())


def _exports(path: str, functions: list[str]) -> bool:
    try:
        library = ctypes.CDLL(path, mode=ctypes.DEFAULT_MODE | LOADED_ALREADY)
        return any(hasattr(library, function) for function in functions)
    except OSError:  # the file is no longer where it was loaded from
        return False


def _distance(name: str, module: str) -> tuple[bool, bool, str]:
    """The module itself comes first, then what is beneath it, then any other."""
    return name != module, not name.startswith(f"{module}."), name
