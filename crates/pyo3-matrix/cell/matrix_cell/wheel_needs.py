"""What does an installed distribution need that is not there? Its name in, one line per unmet requirement out.

The harness runs this in the environment of a cell, where the lock was installed, and the wheel alone beside it.
"""

from __future__ import annotations

import sys
from importlib import metadata
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

if TYPE_CHECKING:
    from collections.abc import Iterator


def unmet(distribution: str, extras: frozenset[str] = frozenset()) -> Iterator[str]:
    """Say of each requirement that holds on this interpreter what is there instead.

    With extras, only the requirements that come with them are looked at: pip held the others to the lock.
    """
    for text in metadata.requires(distribution) or ():
        requirement = Requirement(text)
        if not _applies(requirement, extras):
            continue
        shown = str(requirement).partition(";")[0].strip()
        try:
            version = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            yield f"{shown}, which is not installed"
            continue
        if not requirement.specifier.contains(version, prereleases=True):
            yield f"{shown}, and {version} is installed"
        elif requirement.extras:
            yield from (f"{shown}: {fault}" for fault in unmet(requirement.name, frozenset(requirement.extras)))


def _applies(requirement: Requirement, extras: frozenset[str]) -> bool:
    if not extras:
        return requirement.marker is None or requirement.marker.evaluate({"extra": ""})
    if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
        return False
    return any(requirement.marker.evaluate({"extra": extra}) for extra in extras)


if __name__ == "__main__":
    sys.stdout.writelines(f"{fault}\n" for fault in unmet(sys.argv[1]))
