"""Does each leaking fault leak on its own path alone, and nothing without it?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Run

PROGRAM = """
async def success(awaitables):
    await asyncio.gather(*[awaitables.quick() for _ in range(500)])
async def error(awaitables):
    await asyncio.gather(*[awaitables.fail() for _ in range(500)], return_exceptions=True)
async def cancel(awaitables):
    calls = [awaitables.slow(60) for _ in range(500)]
    for call in calls:
        call.cancel()
    while awaitables.working():
        await asyncio.sleep(0.001)
async def main():
    awaitables = Awaitables(fault)
    path = globals()[os.environ["WORKLOAD"]]
    for _ in range(20):
        await path(awaitables)
    gc.collect()
    before = kilobytes()
    for _ in range(60):
        await path(awaitables)
    gc.collect()
    print(kilobytes() - before)
asyncio.run(main())
"""

# 30,000 times 200 bytes are about 6,000 kB.
MUCH, LITTLE = 4_000, 2_000

LEAKS = {
    "arc-cycle": {"success", "error", "cancel"},
    "bytes-leaked": {"success", "error", "cancel"},
    "bytes-leaked-on-error": {"error"},
    "bytes-leaked-on-cancel": {"cancel"},
}


@pytest.mark.parametrize("path", ["success", "error", "cancel"])
def test_clean_extension_keeps_its_size(path: str, run: Run) -> None:
    ended = run(PROGRAM, limit=60, WORKLOAD=path)
    assert (ended.code, ended.err) == (0, ""), ended
    assert int(ended.out) < LITTLE


@pytest.mark.parametrize("path", ["success", "error", "cancel"])
@pytest.mark.parametrize("fault", LEAKS)
def test_fault_leaks_on_its_path(fault: str, path: str, run: Run) -> None:
    ended = run(PROGRAM, fault, limit=60, WORKLOAD=path)
    assert (ended.code, ended.err) == (0, ""), ended
    if path in LEAKS[fault]:
        assert int(ended.out) > MUCH
    else:
        assert int(ended.out) < LITTLE
