"""How does a process of the kit end when the one that started it is killed? The kernel tells it, where it can."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

# From <sys/prctl.h>.
PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """End this process with the thread that started it. Only Linux can; elsewhere the closed pipe has to do."""
    if not sys.platform.startswith("linux"):
        return
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)
