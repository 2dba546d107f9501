"""How much memory does a process hold, and since when does it live? A process id in, bytes and seconds out.

psutil answers where the project has it. A project need not: then the kernel is asked as psutil asks it, and where there
is no /proc, only this process knows its memory, and only its highest.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from pathlib import Path

try:
    import psutil
except ModuleNotFoundError:
    psutil = None  # type: ignore[assignment]

# The fields of /proc/<pid>/stat behind the name of the program, which may hold anything: proc(5) counts them from 3 on.
STARTED = 22 - 3
IMPORTED = time.time()


class Watched:
    """A process, this one by default."""

    def __init__(self, pid: int | None = None) -> None:
        self.pid = os.getpid() if pid is None else pid
        self._psutil = None if psutil is None else psutil.Process(self.pid)

    def memory(self) -> int:
        """Return the resident set in bytes: nothing once the process has ended."""
        if self._psutil is None:
            return _memory(self.pid)
        try:
            return int(self._psutil.memory_info().rss)
        except psutil.Error:
            return 0

    def started(self) -> float:
        """Return when the process began, in seconds since the epoch."""
        return _started(self.pid) if self._psutil is None else float(self._psutil.create_time())


def _memory(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        pass
    if pid != os.getpid() or Path("/proc/self/statm").exists():
        return 0
    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return highest if sys.platform == "darwin" else highest * 1024


def _started(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        booted = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime "))
        return float(booted.split()[1]) + int(fields[STARTED]) / os.sysconf("SC_CLK_TCK")
    except (OSError, StopIteration):
        return IMPORTED
