"""What if other threads want the GIL all the time? A context in which they do."""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# With the interpreter's default of 5 ms the test would measure the hand-over of the GIL, not the bridge.
SWITCH_INTERVAL_SECONDS = 0.0005


@contextmanager
def busy_threads(count: int) -> Iterator[None]:
    """Run threads that never wait."""
    stop = threading.Event()

    def spin() -> None:
        while not stop.is_set():
            sum(range(100))

    interval = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL_SECONDS)
    threads = [threading.Thread(target=spin, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        sys.setswitchinterval(interval)
