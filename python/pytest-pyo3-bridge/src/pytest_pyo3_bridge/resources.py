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


def counts() -> dict[str, int]:
    """Return ``threads`` and ``file_descriptors``, as far as the kernel tells."""
    found = {}
    if (_SELF / "task").is_dir():
        found["threads"] = sum(1 for _ in (_SELF / "task").iterdir())
    for folder in _DESCRIPTORS:
        if folder.is_dir():
            # The listing itself holds one.
            found["file_descriptors"] = sum(1 for _ in folder.iterdir()) - 1
            break
    return found
