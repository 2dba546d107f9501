"""Which event loop does this run test? POOL_TEST_LOOP in; every new loop of the process is of that kind."""

from __future__ import annotations

import asyncio
import os
import warnings
from pathlib import Path

# pytest-asyncio's own ways to choose a loop differ between its version for the oldest Python and its version for the
# newest.
LOOP = os.environ.get("POOL_TEST_LOOP", "asyncio")

# The first lines of a program that uses the same loop.
CHOOSE_LOOP = f"""
import sys
sys.path.append({str(Path(__file__).parent)!r})
from loop_choice import choose_loop
choose_loop()
"""


def choose_loop() -> None:
    """Make every new loop of this process one of the chosen kind."""
    if LOOP != "uvloop":
        return
    # Python 3.14 and later call policies deprecated, and there is no other way to choose every loop.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import uvloop  # noqa: PLC0415 (it may be absent)

        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
