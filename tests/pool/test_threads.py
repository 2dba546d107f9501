"""Do loops in several threads keep out of each other's way while their answers become Python objects?"""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap

import pytest

from pool_server import DEADLINE, SETTINGS

# Each loop also reads answers for the other loop. If Python code makes a value, the other thread may get the
# interpreter in the middle of a row. The test has its own process, because a deadlock holds the interpreter for ever.
PROGRAM = """
import asyncio, json, random, sys, threading, time
from fraiseql import PrototypePool
sys.setswitchinterval(1e-6)
pool = PrototypePool(**json.loads(sys.argv[1]))
DOCUMENTS = "select '{\\"a\\": [1, 2, {\\"b\\": null}]}'::json as j, i::numeric as n from generate_series(1, 300) as i"
until = time.monotonic() + 2
counts = {"read": 0, "cancelled": 0}

def goes_on():
    # A slow machine takes longer to do enough of both.
    return time.monotonic() < until or min(counts.values()) <= 20

async def main(chance):
    while goes_on():
        asked = [pool.fetch(DOCUMENTS) for _ in range(4)]
        await asyncio.sleep(chance.random() / 500)
        for future in asked[:2]:
            future.cancel()
        for answer in await asyncio.gather(*asked, return_exceptions=True):
            if isinstance(answer, asyncio.CancelledError):
                counts["cancelled"] += 1
            else:
                assert [tuple(row) for row in answer] == [({"a": [1, 2, {"b": None}]}, n) for n in range(1, 301)]
                counts["read"] += 1

threads = [threading.Thread(target=lambda seed=seed: asyncio.run(main(random.Random(seed)))) for seed in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(json.dumps(counts))
"""


def test_a_cancellation_does_not_wait_for_a_row_that_another_thread_makes() -> None:
    settings = {**SETTINGS, "max_connections": 6}
    command = [sys.executable, "-c", textwrap.dedent(PROGRAM), json.dumps(settings)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=3 * DEADLINE, check=False)  # noqa: S603
    assert (ended.returncode, ended.stderr) == (0, "")
    counts = json.loads(ended.stdout)
    assert min(counts.values()) > 20, counts


# A finaliser waits for a query on the loop of another thread. It runs in the middle of a row: the value's class is
# Python code, and its garbage is freed there.
FINALISER = """
import asyncio, json, sys, threading
documents = json.loads
class Garbage:
    def __del__(self):
        asked = asyncio.run_coroutine_threadsafe(ask(), other)
        answers.append(asked.result(10))
def loads(text):
    Garbage()
    return documents(text)
settings = json.loads(sys.argv[1])
json.loads = loads
from fraiseql import PrototypePool
answers = []
other = asyncio.new_event_loop()
thread = threading.Thread(target=other.run_forever)
thread.start()
pool = PrototypePool(**settings)
async def ask():
    return await pool.fetchval("select count(*) from generate_series(1, 10)")
async def main():
    assert await ask() == 10
    return await pool.fetch("select '[1]'::json from generate_series(1, 20)")
rows = asyncio.run(main())
assert [tuple(row) for row in rows] == [([1],)] * 20
other.call_soon_threadsafe(other.stop)
thread.join()
other.close()
print(json.dumps(answers))
"""


# Over future_into_py the library's one thread makes every row and completes every awaitable, so Python code that waits
# there for another awaitable waits for itself.
@pytest.mark.parametrize("bridge", ["completion_queue", "loop_native"])
def test_a_finaliser_in_the_middle_of_a_row_may_wait_for_another_loop(bridge: str) -> None:
    settings = {**SETTINGS, "max_connections": 2, "bridge": bridge}
    command = [sys.executable, "-c", FINALISER, json.dumps(settings)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=3 * DEADLINE, check=False)  # noqa: S603
    assert (ended.returncode, ended.stderr) == (0, "")
    assert json.loads(ended.stdout) == [10] * 20
