"""Which crates is the loaded shared object made of? Its bytes and the wheel's SBOM in, the versions found there out.

The harness has cargo's own messages of the build. What is found here comes from the wheel itself, and must agree with
them. The module need not cooperate: rustc leaves its version and the paths of panics in a binary, even in a stripped
one, and maturin adds a CycloneDX SBOM.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

# PyO3 and the crates that go with it. Of other crates the standard library may have brought a copy of its own.
FAMILY = "pyo3(?:-[a-z]+)*|pythonize|numpy"
PATHS = re.compile(rf"[/\\]({FAMILY})-(\d+\.\d+\.\d+(?:-[0-9A-Za-z.]+)?)[/\\]".encode())
# The version alone: what stands in brackets behind it differs in the compilers of distributions.
RUSTC = re.compile(rb"rustc version (\d+\.\d+\.\d+(?:-[0-9A-Za-z.]+)?)")
RUNTIMES = "pyo3_async_runtimes"
EXPORT = f"PyInit_{RUNTIMES}"
# Crates that are released with PyO3. A request names the version of PyO3 alone.
PARTS = {"pyo3_build_config", "pyo3_ffi", "pyo3_introspection", "pyo3_macros", "pyo3_macros_backend"}

# Where a version stands, and name → versions.
Seen = dict[str, dict[str, list[str]]]


def seen_in(shared_object: Path, boms: Iterable[Path]) -> Seen:
    """Return what a shared object and SBOMs say. What says nothing is left out: a build may take all of it away."""
    content = shared_object.read_bytes()
    found: Seen = {
        "the paths in it": _grouped((name.decode(), version.decode()) for name, version in PATHS.findall(content)),
        "its .comment": _grouped(("rustc", f"rustc {text.decode()}") for text in RUSTC.findall(content)),
        "its exports": {RUNTIMES: []} if f"{EXPORT}\0".encode() in content else {},
        "the wheel's SBOM": _grouped(pair for bom in boms for pair in _components(bom)),
    }
    return {place: versions for place, versions in found.items() if versions}


def made_of(built: Mapping[str, str], seen: Seen, asked: Iterable[str], *, is_of_the_wheel: bool) -> dict[str, str]:
    """Return the version of PyO3, of each crate that goes with it, and of what is asked for.

    For the wheel's own object cargo's messages say it; for any other the object itself, as far as it does.
    """
    if is_of_the_wheel and built:
        wanted = set(asked)
        return {name: version for name, version in built.items() if name in wanted or is_companion(name)}
    found: dict[str, str] = {}
    for versions in seen.values():
        for name, some in versions.items():
            # What stands in the object comes first: an SBOM beside it may be that of another.
            if len(some) == 1 and is_companion(name):
                found.setdefault(name, some[0])
    return found


def is_companion(name: str) -> bool:
    """Whether a cell is also named by the version of this crate, written as Python writes it."""
    return name not in PARTS and re.fullmatch(FAMILY, name.replace("_", "-")) is not None


def contradictions(built: Mapping[str, str], seen: Seen) -> Iterator[tuple[str, str, str]]:
    """Yield what the wheel says otherwise than cargo did: the name, cargo's version, and what is found."""
    for place, versions in seen.items():
        for name, found in versions.items():
            if name in built and found and not any(_agree(built[name], one) for one in found):
                yield name, built[name], f"{' and '.join(found)} by {place}"
    if built and RUNTIMES not in built and any(RUNTIMES in versions for versions in seen.values()):
        yield RUNTIMES, "none", "a module of that name in the wheel"


def _agree(expected: str, found: str) -> bool:
    # Cargo's rustc says its commit and date too.
    return expected == found or expected.startswith(f"{found} ")


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, set[str]] = {}
    for name, version in pairs:
        found.setdefault(name.replace("-", "_"), set()).add(version)
    return {name: sorted(versions) for name, versions in sorted(found.items())}


def _components(bom: Path) -> Iterator[tuple[str, str]]:
    try:
        document: Any = json.loads(bom.read_bytes())
        components = list(document["components"])
    except (OSError, ValueError, KeyError, TypeError):  # its file is held to the wheel's like any other
        return
    for component in components:
        name, version = component.get("name"), component.get("version")
        if isinstance(name, str) and isinstance(version, str) and re.fullmatch(FAMILY, name):
            yield name, version
