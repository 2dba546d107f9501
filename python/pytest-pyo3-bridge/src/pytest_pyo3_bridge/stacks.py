"""Where does each thread of another process stand? A process id in, its native stacks as text out."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

# gdb reads the symbols of a large extension first.
PATIENCE = 30.0


def native(pid: int) -> str:
    """Return the native stacks: by py-spy where it knows this interpreter, else by gdb, else why there are none."""
    tried = []
    for tool, command in _commands(pid):
        found = _beside_python(tool)
        if found is None:
            tried.append(f"{tool} is not installed")
            continue
        try:
            ended = subprocess.run(  # noqa: S603
                [found, *command],
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=False,
                stdin=subprocess.DEVNULL,
            )
        except subprocess.TimeoutExpired:
            tried.append(f"{tool} did not end within {PATIENCE:g} s")
            continue
        if ended.returncode == 0 and ended.stdout.strip():
            return f"native stacks, by {tool}:\n{_trimmed(ended.stdout)}"
        tried.append(f"{tool}: {(ended.stderr or ended.stdout).strip().splitlines()[-1:]}")
    return "no native stacks: " + "; ".join(tried)


def _commands(pid: int) -> list[tuple[str, list[str]]]:
    return [
        ("py-spy", ["dump", "--native", "--pid", str(pid)]),
        ("gdb", ["-p", str(pid), "-batch", "-nx", "-ex", "set pagination off", "-ex", "thread apply all bt 40"]),
    ]


def _beside_python(tool: str) -> str | None:
    beside = Path(sys.executable).with_name(tool)
    return str(beside) if beside.exists() else shutil.which(tool)


def _trimmed(text: str) -> str:
    """Leave out what gdb says of libraries and symbols."""
    kept = [line for line in text.splitlines() if line.startswith(("#", "Thread", " ", "\t", "Process"))]
    return "\n".join(kept[:600])
