"""What is this cell really running on? The interpreter, module and server in; observed.json and the differences out.

Nothing here is inferred from the request: an environment that was reused by mistake, a wheel of another line or a
server on the wrong port must show up as a difference.
"""

from __future__ import annotations

import importlib.metadata
import platform
import sys
import sysconfig
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from matrix_cell import service
from matrix_cell.build_info import read_build_info
from matrix_cell.crates import contradictions, is_companion, made_of, seen_in
from matrix_cell.installed import boms, foreign_files, is_of_the_wheel, observe_files
from matrix_cell.loaded import loaded_object

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matrix_cell.request import CellRequest

EXIT_MISMATCH = 70
EXIT_UNOBSERVABLE = 71

# Ends what the module says of itself.
CLAIMED = " by build_info()"
FALSE_CLAIM = "build_info() of the module says what is not so; correct it, or leave it out"

HINTS = {
    "python": "the test environment was made with another interpreter; make it again with the requested one",
    "pyo3": "the installed wheel is of another PyO3 line; install the wheel of this line again",
    "pyo3_async_runtimes": "the lock file of this PyO3 line pairs it with another pyo3-async-runtimes",
}
OTHER_MODULE = "the installed module is not the one of this cell's wheel; install it again"
OTHER_SERVICE = "the variables of this cell lead to another service than the one of this cell"


@dataclass(frozen=True)
class Difference:
    """One axis on which the cell is not what its name says."""

    axis: str
    expected: str
    got: str
    hint: str = field(default="", compare=False)

    def __str__(self) -> str:
        hint = self.hint or (FALSE_CLAIM if self.got.endswith(CLAIMED) else HINTS.get(self.axis, OTHER_MODULE))
        return f"{self.axis}: expected {self.expected}, got {self.got}\n  hint: {hint}"


def observe(request: CellRequest) -> dict[str, Any]:
    """Return what observed.json holds; raise UnobservableError where an axis has no answer."""
    observed = _interpreter()
    if request.module is not None:
        observed |= _module(request.module, request)
    return observed | service.observe(request.services, request.axes)


def complaints(request: CellRequest, observed: dict[str, Any]) -> list[str]:
    """Say in what the cell is not what was requested: its versions, its build, or the files of its wheel."""
    told = [str(difference) for difference in compare(request, observed)]
    if request.members is not None and "loaded" in observed:
        told += foreign_files(request.members, observed)
    return told


def compare(request: CellRequest, observed: dict[str, Any]) -> list[Difference]:
    """Return every axis, and every part of the build, that is not what the request or the wheel's own build says."""
    # A misspelt axis is observed nowhere, and so it is a difference too.
    pairs = [(axis, expected, str(observed.get(axis, "nothing"))) for axis, expected in sorted(request.axes.items())]
    pairs += contradictions(request.built, observed.get("seen", {}))
    # A module reports a part of what it was built from. Of the rest nothing else is known, and nothing goes by it.
    claims = sorted(observed.get("build_info", {}).items())
    pairs += [(part, request.built[part], said + CLAIMED) for part, said in claims if _is_false(part, said, request)]
    pairs += [(part, "none", said + CLAIMED) for part, said in claims if _is_made_up(part, said, request)]
    return [
        Difference(axis, expected, got, OTHER_SERVICE if axis in request.services else "")
        for axis, expected, got in pairs
        if expected != got
    ]


def _is_false(part: str, said: str, request: CellRequest) -> bool:
    return part in request.built and request.built[part] != said


def _is_made_up(part: str, said: str, request: CellRequest) -> bool:
    """Whether the module claims a companion of PyO3 that cargo did not compile."""
    return bool(request.built) and part not in request.built and is_companion(part) and said[:1].isdigit()


def _interpreter() -> dict[str, Any]:
    # A build without the GIL is another ABI and another cell, even where the GIL was switched on again.
    free_threaded = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
    return {
        "schema_version": 1,
        "python": f"{sys.version_info.major}.{sys.version_info.minor}{'t' if free_threaded else ''}",
        "python_full": platform.python_version(),
        "implementation": sys.implementation.name,
        "free_threaded": free_threaded,
        "packages": _packages(),
    }


def _packages() -> dict[str, str]:
    """Versions by name. What lacks one of the two, such as the remains of an interrupted installation, is left out."""
    packages: dict[str, str] = {}
    for metadata in map(_metadata, importlib.metadata.distributions()):
        if "Name" in metadata and "Version" in metadata:
            # The first on the path is the one that an import finds.
            packages.setdefault(metadata["Name"], metadata["Version"])
    return packages


def _metadata(distribution: importlib.metadata.Distribution) -> Mapping[str, str]:
    try:
        metadata = distribution.metadata
    except FileNotFoundError:  # from Python 3.15 on; before, a missing file reads as an empty one
        return {}
    return {key: metadata[key] for key in ("Name", "Version") if key in metadata}


def _module(name: str, request: CellRequest) -> dict[str, Any]:
    build_info = read_build_info(name)
    loaded = loaded_object(name)
    files, seen = observe_files(loaded), seen_in(loaded, boms(loaded))
    ours = is_of_the_wheel(request.members or {}, files["loaded"]["sha256"])
    versions: dict[str, Any] = dict(made_of(request.built, seen, request.axes, is_of_the_wheel=ours))
    return versions | {"build_info": build_info, "seen": seen} | files
