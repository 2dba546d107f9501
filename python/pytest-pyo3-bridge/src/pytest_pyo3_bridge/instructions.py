"""What counts the instructions of a program? The processor, through perf; or callgrind, which plays the processor.

Virtual machines often hide the processor's counters. callgrind works there too, some fifty times slower than the
program alone; it counts no instruction of the kernel.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# perf and valgrind tell their versions, and perf counts nothing, well within these seconds.
SOON = 20.0


@dataclass(frozen=True)
class Counter:
    """Counts the instructions of a whole program.

    Attributes:
        name: the program with its version: ``callgrind 3.19.0``.
        under: the command in front of the program's own, for the file that the count is written to.
        count: finds the number in that file.
        slow: whether a program runs many times slower under it.
    """

    name: str
    under: Callable[[Path], list[str]]
    count: re.Pattern[str]
    slow: bool

    def read(self, file: Path) -> int:
        """Return the count.

        Raises:
            AssertionError: if there is none.
        """
        text = file.read_text(encoding="utf-8", errors="replace")
        found = self.count.search(text)
        assert found, f"{self.name} counted nothing: {text.strip()[-400:]}"
        return int(found[1])


def counter() -> Counter | None:
    """Return what counts here: perf where it can, else callgrind."""
    return _perf() or _callgrind()


def _perf() -> Counter | None:
    if shutil.which("perf") is None:
        return None

    def under(file: Path) -> list[str]:
        return ["perf", "stat", "-x", ",", "-e", "instructions:u", "-o", str(file), "--"]

    # `<not supported>` stands there where a machine hides its counters.
    perf = Counter(f"perf {_version('perf')}", under, re.compile(r"^(\d+),", re.MULTILINE), slow=False)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "count"
        try:
            subprocess.run([*under(file), "true"], check=True, capture_output=True, timeout=SOON)  # noqa: S603
            perf.read(file)
        except (OSError, subprocess.SubprocessError, AssertionError):
            return None
    return perf


def _callgrind() -> Counter | None:
    if shutil.which("valgrind") is None:
        return None

    def under(file: Path) -> list[str]:
        # The profile itself is not wanted.
        return ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", f"--log-file={file}"]

    return Counter(f"callgrind {_version('valgrind')}", under, re.compile(r"Collected : (\d+)"), slow=True)


def _version(program: str) -> str:
    """Return ``3.19.0`` of ``valgrind-3.19.0``; an empty text if it tells none."""
    try:
        said = subprocess.run([program, "--version"], check=True, capture_output=True, text=True, timeout=SOON).stdout  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return ""
    found = re.search(r"\d[\w.]*", said)
    return found[0] if found else ""
