"""How many threads may a process under test hold? More than a sound extension has, and less than a machine has.

An extension that starts a thread per call would take every thread of the machine at depth ``default``, and then nothing
else could start one: not the checks beside it, and not the user's shell.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

from pytest_pyo3_bridge import resources

if TYPE_CHECKING:
    from collections.abc import Iterator

# Tokio starts up to 512 blocking threads for each runtime.
MOST_THREADS = 3000
# How often is looked, in seconds.
OFTEN = 0.05


class Ceiling:
    """Ends what holds more threads than `MOST_THREADS`: this process, or a program that it started.

    A thread looks, so a process whose GIL is held is not seen.
    """

    def __init__(self) -> None:
        self._programs: set[int] = set()
        self._ended: dict[int, str] = {}

    def watch(self) -> None:
        """Begin to look, where the kernel tells how many threads there are."""
        if resources.threads():
            threading.Thread(target=self._look, daemon=True, name="bridge ceiling").start()

    @contextlib.contextmanager
    def over(self, program: int) -> Iterator[None]:
        """Look at a program as well."""
        self._programs.add(program)
        try:
            yield
        finally:
            self._programs.discard(program)

    def said(self, program: int) -> str:
        """Return why a program was ended, an empty text if it was not."""
        # It is gone, and its number may be another's next.
        self._programs.discard(program)
        return self._ended.pop(program, "")

    def _look(self) -> None:
        pause = threading.Event()
        while (count := resources.threads()) <= MOST_THREADS:
            # A copy: the loop's thread may start a program meanwhile.
            for program in tuple(self._programs):
                if (held := resources.threads(program)) > MOST_THREADS:
                    self._ended[program] = _sentence(held)
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(program, signal.SIGKILL)
            pause.wait(OFTEN)
        # The starter shows what was said last.
        sys.stderr.write(_sentence(count))
        sys.stderr.flush()
        os._exit(1)


def _sentence(count: int) -> str:
    return f"the process held {count:,} threads, and the kit ended it: no more than {MOST_THREADS:,} are let be\n"
