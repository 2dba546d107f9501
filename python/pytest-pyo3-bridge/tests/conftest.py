"""Which adapters do the kit's own tests use? Small ones of plain Python, clean or with one fault each."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any, Callable

import pytest

pytest_plugins = ["pytester"]

CLEAN = """
import asyncio

class Adapter:
    driver = "plain 1.0"
    at_work = 0

    def quick(self):
        return asyncio.sleep(0)

    async def slow(self, seconds):
        Adapter.at_work += 1
        try:
            await asyncio.sleep(seconds)
        finally:
            Adapter.at_work -= 1

    async def fail(self):
        raise ValueError("refused")

    async def echo(self, value):
        return value

    async def rows(self, n):
        return [(number, f"text {number}") for number in range(n)]

    async def panic(self):
        raise RuntimeError("panicked")

    def observe_cancel(self):
        return Adapter.at_work == 0

    def close(self):
        pass
"""

SOURCES = Path(__file__).resolve().parent.parent / "src"
RunKit = Callable[..., pytest.RunResult]


@pytest.fixture
def run_kit(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> RunKit:
    """Run the checks in a pytest of its own, on the clean adapter with the given class below it."""

    def run(*arguments: str, fault: str = "") -> pytest.RunResult:
        source = CLEAN + (f"\nClean = Adapter\n{textwrap.dedent(fault)}" if fault else "")
        pytester.makepyfile(subject=source)
        more = ("--bridge-adapter", "subject", "--bridge-depth", "quick", "--bridge-json", "bridge.json")
        monkeypatch.setenv("PYTHONPATH", str(SOURCES))
        # The plugins of this session are not what the kit is tried with.
        quiet = ("-p", "no:cacheprovider", "-p", "no:asyncio", "-p", "no:benchmark", "-p", "no:xdist")
        return pytester.runpytest_subprocess("-p", "pytest_pyo3_bridge.plugin", *quiet, *more, *_chosen(arguments))

    return run


def _chosen(arguments: tuple[str, ...]) -> tuple[str, ...]:
    return ("--pyargs", "pytest_pyo3_bridge", *arguments)


@pytest.fixture
def outcomes(pytester: pytest.Pytester) -> Callable[[], dict[str, Any]]:
    """Read the results of the last run, by check id."""

    def read() -> dict[str, Any]:
        path = pytester.path / "bridge.json"
        found = json.loads(path.read_text(encoding="utf-8"))
        return {entry["id"]: entry for entry in found["checks"]}

    return read
