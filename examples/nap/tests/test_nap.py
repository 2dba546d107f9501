"""What a cell asks of `nap`, on the event loop of its axis."""

import asyncio
import importlib
import os

from nap import nap


def test_nap_ends() -> None:
    loop = importlib.import_module(os.environ.get("NAP_LOOP", "asyncio")).new_event_loop()
    assert loop.run_until_complete(asyncio.wait_for(nap(0.01), 10)) is None
    loop.close()
