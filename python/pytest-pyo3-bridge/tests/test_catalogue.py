"""Is the table of checks whole, whoever asks first?"""

from __future__ import annotations

import subprocess
import sys

from conftest import SOURCES

# Each import takes long enough for the other threads to ask when some checks are registered.
ASKED_AT_ONCE = """
import importlib, time
from concurrent.futures import ThreadPoolExecutor
from pytest_pyo3_bridge.catalogue import table

brisk = importlib.import_module

def slow(name):
    time.sleep(0.01)
    return brisk(name)

def ask(late):
    time.sleep(0.05 * late)
    return len(table())

importlib.import_module = slow
with ThreadPoolExecutor(6) as threads:
    print(len(set(threads.map(ask, range(6)))))
"""


def test_threads_that_ask_at_once_get_the_same_table() -> None:
    said = subprocess.run(  # noqa: S603
        [sys.executable, "-c", ASKED_AT_ONCE],
        env={"PYTHONPATH": str(SOURCES)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == "1"
