"""What if the process may open no more files when the pool is first used? The call fails, and a later one works."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from loop_choice import CHOOSE_LOOP
from pool_server import DEADLINE, SETTINGS

# The limit goes up by one descriptor at a time, so that each of the pool's own is once the first that is missing.
PROGRAM = f"""
import asyncio, json, os, resource, sys
import fraiseql
{CHOOSE_LOOP}
settings = json.loads(sys.argv[1])
most, hard = resource.getrlimit(resource.RLIMIT_NOFILE)

def opened():
    return sorted(int(name) for name in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{{name}}"))

async def main():
    pool = fraiseql.PrototypePool(**settings)
    # What a failed call imports is loaded before.
    repr(fraiseql.OperationalError("warm")), os.strerror(24)
    failures, spare, used = [], 0, opened()
    while True:
        resource.setrlimit(resource.RLIMIT_NOFILE, (used[-1] + 1 + spare, hard))
        try:
            answer = await pool.fetchval("select 1")
            break
        except (OSError, fraiseql.CannotConnectError) as error:
            failures.append(str(error))
            assert spare < 40, failures
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        spare += 1
    assert answer == 1
    assert await asyncio.gather(*(pool.fetchval("select $1::int", n) for n in range(50))) == list(range(50))
    status = pool.pool_status()
    await pool.close()
    return failures, status["bridge"]

failures, bridge = asyncio.run(main())
print(json.dumps([failures, bridge]))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="there is no /proc")
@pytest.mark.parametrize("bridge", ["future_into_py", "completion_queue", "loop_native"])
def test_a_process_at_its_limit_of_files_can_use_the_pool_later(bridge: str) -> None:
    settings = {**SETTINGS, "bridge": bridge}
    command = [sys.executable, "-c", PROGRAM, json.dumps(settings)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=3 * DEADLINE, check=False)  # noqa: S603
    assert (ended.returncode, ended.stderr) == (0, "")
    failures, used = json.loads(ended.stdout)
    assert used == bridge
    assert len(failures) > 2
    assert {failure for failure in failures if "Too many open files" not in failure} == set()
