"""What does this process hold? Its resident set, threads and descriptors, as the kernel counts them.

Where there is no ``/proc``, what cannot be asked is left out: a measure says what it saw, and no more.
"""

from __future__ import annotations

import os
from pathlib import Path

_SELF = Path("/proc/self")
# macOS and the BSDs list a process's descriptors there.
_DESCRIPTORS = (_SELF / "fd", Path("/dev/fd"))


def resident() -> int | None:
    """Return the resident set in bytes; None where the kernel does not tell."""
    try:
        return int((_SELF / "statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None


def threads(process: int | None = None) -> int:
    """Return how many threads a process has, this one by default; 0 where the kernel does not tell."""
    folder = (_SELF if process is None else Path("/proc", str(process))) / "task"
    try:
        # Linux counts them as links of this folder: one for itself, one for its name, one for each folder in it.
        return max(0, folder.stat().st_nlink - 2) or sum(1 for _ in folder.iterdir())
    except OSError:
        return 0


def counts() -> dict[str, int]:
    """Return ``threads`` and ``file_descriptors``, as far as the kernel tells."""
    found = {}
    if count := threads():
        found["threads"] = count
    for folder in _DESCRIPTORS:
        if folder.is_dir():
            # The listing itself holds one.
            found["file_descriptors"] = sum(1 for _ in folder.iterdir()) - 1
            break
    return found
