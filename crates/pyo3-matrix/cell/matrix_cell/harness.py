"""Does this plugin belong to the harness that runs it? The files of this package in, a hash or a refusal out.

The harness has the plugin in its binary, writes it for its cells, and passes the hash. Without one, tests run by hand.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

VARIABLE = "PYO3_MATRIX_PLUGIN"


def own_hash(folder: Path) -> str:
    """Return the hash of a package's modules as they are on disk."""
    whole = hashlib.sha256()
    for name in sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.py")):
        whole.update(f"{name} {hashlib.sha256((folder / name).read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest()


def refusal(folder: Path = Path(__file__).parent) -> str | None:
    """Say why this plugin does not work in this cell; None where it does."""
    expected = os.environ.get(VARIABLE)
    if not expected or own_hash(folder) == expected:
        return None
    return (
        f"the in-cell plugin in {folder} is not the one of the harness that runs this cell\n"
        "  hint: the harness brings its own; remove the copy of matrix_cell that Python finds first"
    )
