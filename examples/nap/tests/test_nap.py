"""What a cell asks of `nap`, on the event loop of its axis."""

import importlib
import os

from nap import nap


async def slept() -> float:
    return await nap(0.01)


def test_nap_ends() -> None:
    loop = importlib.import_module(os.environ.get("NAP_LOOP", "asyncio")).new_event_loop()
    assert loop.run_until_complete(slept()) == 0.01
    loop.close()
