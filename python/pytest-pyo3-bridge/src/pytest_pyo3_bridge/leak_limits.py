"""When is growth a leak? A measure in, a sentence per resource that grew too much out."""

from __future__ import annotations

import sys
import sysconfig
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_pyo3_bridge.leak import LeakMeasure

# Per 1,000 operations, and fewer operations may leave as much. A leak of 100 bytes per operation is 100,000, and a leak
# per row far more. Below the limit lie the caches of the C allocator, which count as in use and go on filling for some
# thousand operations: 200 pools that were opened and closed again leave some 30 KiB, the next 200 less (3.9 and 3.12).
MOST_BYTES = {"rss": 64 * 1024, "malloc": 64 * 1024}
# One lost object, thread or descriptor per operation is 1,000. Tokio starts blocking threads when it needs them.
MOST_GROWTH = {"python_blocks": 150, "python_threads": 0, "threads": 20, "file_descriptors": 2}

# The free-threaded 3.13 holds on to pages of objects that one thread makes and another lets go: some 60 KiB at each
# reading, while the blocks and bytes in use stand still (measured on 3.13.5). Objects that the loop's own thread makes
# show none of it.
KEEPS_PAGES = sys.version_info < (3, 14) and bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


def complaints(measured: LeakMeasure, times: int = 1) -> list[str]:
    """Say which resource grew beyond its limit: for a size even at the lower end of its interval, and still at the end.

    Args:
        measured: the measure.
        times: how many times the usual bytes may go, where one operation handles so much more.
    """
    found = []
    for size in measured.sizes:
        if size == "rss" and KEEPS_PAGES:
            continue
        slope, most = measured.slope(size), MOST_BYTES[size] * times * max(1.0, 1000 / max(1, measured.operations))
        if slope.low > most and measured.late_slope(size).estimate > most:
            found.append(
                f"{size} grows by {slope.estimate:,.0f} bytes per 1,000 operations "
                f"(99 % interval {slope.low:,.0f} to {slope.high:,.0f}; limit {most:,.0f})"
            )
    for counter in measured.counters:
        most = MOST_GROWTH[counter]
        growth = measured.growth(counter)
        if growth > most:
            found.append(f"{counter} grew by {growth:,} in {measured.operations:,} operations (limit {most})")
    return found
