"""What did the process complain of beside its answers? Hooks in, sentences out."""

from __future__ import annotations

import sys
import threading
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio


# So many are kept until they are taken: what a check measures must not grow by what it hears.
KEPT = 100


class Complaints:
    """Everything that Python would print to stderr because no caller could be told."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def install(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        """Listen to what cannot be raised, to threads, to warnings, and to a loop."""
        sys.unraisablehook = self._unraisable
        threading.excepthook = self._thread
        warnings.showwarning = self._warning
        if loop is not None:
            loop.set_exception_handler(self._loop)

    def take(self) -> list[str]:
        """Return what was heard since the last call, the first of it if it was much."""
        heard, self.heard = self.heard, []
        return heard

    def _hear(self, text: str) -> None:
        if len(self.heard) < KEPT:
            self.heard.append(text)

    def _unraisable(self, found: Any) -> None:
        what = found.err_msg or "Exception ignored in"
        self._hear(f"unraisable: {what} {found.object!r}: {_named(found.exc_value)}")

    def _thread(self, found: Any) -> None:
        name = found.thread.name if found.thread else "a thread"
        self._hear(f"in thread {name}: {_named(found.exc_value)}")

    def _warning(  # noqa: PLR0913, PLR0917 (the signature is Python's)
        self, message: Any, category: type[Warning], filename: str, lineno: int, file: Any = None, line: Any = None
    ) -> None:
        del file, line
        self._hear(f"{category.__name__}: {message} ({filename}:{lineno})")

    def _loop(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        self._hear(f"loop: {context.get('message')}" + (f": {_named(error)}" if error else ""))


def _named(error: BaseException | None) -> str:
    return f"{type(error).__name__}: {error}" if error is not None else "no exception"
