"""Where do the numbers come from? The machine and the commit, as pytest-benchmark's format has them."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

# git answers such questions at once; on a stalled file system the results are worth more than the commit.
GIT_SECONDS = 10


def machine_info() -> dict[str, Any]:
    """Return what a reader needs to tell whether two files are comparable."""
    return {
        "node": platform.node(),
        "processor": platform.processor(),
        "machine": platform.machine(),
        "python_compiler": platform.python_compiler(),
        "python_implementation": platform.python_implementation(),
        "python_implementation_version": platform.python_version(),
        "python_version": platform.python_version(),
        "python_build": list(platform.python_build()),
        "release": platform.release(),
        "system": platform.system(),
        "cpu": {
            "arch_string_raw": platform.machine(),
            "bits": 64 if sys.maxsize > 2**32 else 32,
            "count": os.cpu_count(),
            "brand_raw": _processor_name(Path("/proc/cpuinfo")),
        },
    }


def commit_info(folder: Path) -> dict[str, Any]:
    """Return the commit of the project in `folder`; `unversioned` where git knows of none.

    Args:
        folder: The root folder of the test run.
    """
    return {
        "id": _git(folder, "rev-parse", "HEAD") or "unversioned",
        "time": _git(folder, "show", "-s", "--format=%cI", "HEAD"),
        "author_time": _git(folder, "show", "-s", "--format=%aI", "HEAD"),
        "dirty": bool(_git(folder, "status", "--porcelain", "--untracked-files=no")),
        "project": _project(folder),
        "branch": _branch(folder),
    }


def gil_enabled() -> bool:
    """Whether this Python holds the GIL now: a free-threaded one does where an extension asked for it."""
    return bool(getattr(sys, "_is_gil_enabled", lambda: True)())


def _branch(folder: Path) -> str:
    branch = _git(folder, "rev-parse", "--abbrev-ref", "HEAD")
    return "(detached head)" if branch == "HEAD" else branch or "(unknown)"


def _project(folder: Path) -> str:
    remote = _git(folder, "config", "--local", "remote.origin.url") or ""
    parts = [part for part in re.split(r"[/:\\]", re.sub(r"\.git/?$", "", remote.strip())) if part]
    return parts[-1] if parts else folder.name


def _git(folder: Path, *arguments: str) -> str | None:
    git = shutil.which("git")
    if git is None:
        return None
    try:
        ran = subprocess.run(  # noqa: S603  the program is git, and no argument comes from outside
            [git, "-C", str(folder), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=GIT_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return ran.stdout.decode(errors="replace").strip() or None


def _processor_name(cpuinfo: Path) -> str:
    try:
        text = cpuinfo.read_text(encoding="utf-8", errors="replace")
    except OSError:
        # Other systems than Linux say it here.
        return platform.processor()
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found.group(1) if found else platform.processor()
