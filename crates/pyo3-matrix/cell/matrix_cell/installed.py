"""Are the files beside the module under test those of its wheel? Files on disk in, a sentence per foreign one out.

The files are read again, not their RECORD: what was edited after its installation must show up.
"""

from __future__ import annotations

import csv
import hashlib
from importlib.metadata import Distribution, distributions
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MISSING = "missing"
# Of a RECORD: path, hash, size.
COLUMNS = 3
# What installers add to a distribution's own folder, beside RECORD, which has no hash of itself.
ADDED = ("INSTALLER", "REQUESTED", "direct_url.json", "provenance_url.json", "uv_build.json", "uv_cache.json")
# An installer compiles modules anew, and may write over a wheel's own compiled ones.
COMPILED = ".pyc"
# How many files a message names.
MOST_NAMED = 5
HINT = (
    "  hint: the environment does not hold this cell's wheel; install it again, or remove the other build of the module"
)


def observe_files(loaded: Path) -> dict[str, Any]:
    """Return what observed.json says of the loaded shared object, and of every file installed with it."""
    return {"loaded": {"path": str(loaded), "sha256": sha256(loaded)}, "installed": installed_files(loaded)}


def installed_files(loaded: Path) -> dict[str, str]:
    """Return the hash of each file of the distribution that installed `loaded`; no distribution, no files."""
    return {path: _hash_now(place) for path, place in _places(loaded).items()}


def boms(loaded: Path) -> list[Path]:
    """Return the SBOMs of that distribution: CycloneDX, as PEP 770 places them."""
    return [place for path, place in _places(loaded).items() if ".dist-info/sboms/" in path and path.endswith(".json")]


def is_of_the_wheel(members: Mapping[str, str], sha256: str) -> bool:
    """Whether a shared object with this hash is among the files of the wheel."""
    return sha256 in [digest for path, digest in members.items() if path.endswith((".so", ".pyd"))]


def _places(loaded: Path) -> dict[str, Path]:
    """The files that the distribution of `loaded` installed, by their paths in its wheel."""
    for distribution in distributions():
        recorded = list(_recorded(distribution))
        places = [distribution.locate_file(path) for path in recorded if PurePosixPath(path).name == loaded.name]
        if any(Path(str(place)).resolve() == loaded.resolve() for place in places):
            paths = [path for path in recorded if _is_of_a_wheel(path)]
            return {path: Path(str(distribution.locate_file(path))) for path in paths}
    return {}


def foreign_files(members: Mapping[str, str], observed: Mapping[str, Any]) -> list[str]:
    """Say what the cell has loaded or installed that is not so in the wheel, and what of the wheel it lacks."""
    loaded, installed = observed["loaded"], observed["installed"]
    told = (
        []
        if is_of_the_wheel(members, loaded["sha256"])
        else [f"loaded {loaded['path']}, which is no file of the wheel"]
    )
    if installed:
        differing = list(_differing(members, installed))
        told += differing[:MOST_NAMED]
        if len(differing) > MOST_NAMED:
            told.append(f"and {len(differing) - MOST_NAMED} more")
    else:
        told.append(f"no installed distribution names {loaded['path']} in its RECORD")
    return [*told, HINT] if told else []


def sha256(path: Path) -> str:
    """Return the hash of a file as it is on disk now."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _recorded(distribution: Distribution) -> Iterator[str]:
    """Paths that RECORD names with a hash. importlib.metadata's own reading drops files that are missing."""
    text = distribution.read_text("RECORD")
    for row in csv.reader(text.splitlines() if text else ()):
        if len(row) == COLUMNS and row[1]:
            yield row[0]


def _is_of_a_wheel(path: str) -> bool:
    name = PurePosixPath(path)
    # Scripts, headers and data lie outside of site-packages; an installer generates and rewrites some of them.
    outside = name.is_absolute() or ".." in name.parts
    added = name.parent.suffix == ".dist-info" and name.name in ADDED
    return not (outside or added or name.suffix == COMPILED)


def _hash_now(path: Path) -> str:
    return sha256(path) if path.is_file() else MISSING


def _differing(members: Mapping[str, str], installed: Mapping[str, str]) -> Iterator[str]:
    for path in sorted(path for path in members.keys() | installed.keys() if not path.endswith(COMPILED)):
        expected, got = members.get(path), installed.get(path, MISSING)
        if expected is None:
            yield f"{path}: installed, but no file of the wheel"
        elif got == MISSING:
            yield f"{path}: a file of the wheel that is missing"
        elif got != expected:
            yield f"{path}: expected sha256 {expected[:12]}, got {got[:12]}"
