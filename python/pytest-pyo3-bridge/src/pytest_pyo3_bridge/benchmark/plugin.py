"""How do benchmarks come into pytest? Options and fixtures in, a table and a file in pytest-benchmark's format out.

It is loaded by the kit's main plugin, and works alone: `pytest -p pytest_pyo3_bridge.benchmark.plugin`.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_pyo3_bridge.benchmark import table
from pytest_pyo3_bridge.benchmark.document import Measured, Place, write
from pytest_pyo3_bridge.benchmark.fixture import BridgeBenchmark
from pytest_pyo3_bridge.benchmark.kept_loop import KeptLoop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from _pytest.terminal import TerminalReporter

JSON_OPTION = "--bridge-benchmark-json"
SEED_OPTION = "--bridge-benchmark-seed"
# Seeds that a person can type again.
LARGEST_SEED = 2**31 - 1


@dataclass
class Session:
    """What the benchmarks of one test run have in common."""

    seed: int
    json: Path | None
    results: list[Measured] = field(default_factory=list)


SESSION = pytest.StashKey[Session]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options to pytest's command line."""
    add_options(parser)


def add_options(parser: pytest.Parser) -> None:
    """Add `--bridge-benchmark-json` and `--bridge-benchmark-seed`."""
    group = parser.getgroup("bridge-benchmark", "benchmarks of awaitables")
    group.addoption(
        JSON_OPTION, metavar="PATH", default=None, help="write the benchmarks to PATH, in pytest-benchmark's format"
    )
    group.addoption(
        SEED_OPTION, metavar="N", type=int, default=None, help="draw orders and intervals from N; default: a new one"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Read the options. A file that cannot be written is an error now, not after an hour of measuring."""
    seed = config.getoption(SEED_OPTION)
    if seed is None:
        seed = random.SystemRandom().randint(0, LARGEST_SEED)
    config.stash[SESSION] = Session(seed, _json_path(config))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the file, also where nothing was measured: an older file would be taken for the result of this run."""
    config = session.config
    found = config.stash[SESSION]
    if found.json is None or _is_worker(config) or config.option.collectonly:
        return
    write(found.json, found.results, config.rootpath)


def pytest_terminal_summary(terminalreporter: TerminalReporter, config: pytest.Config) -> None:
    """Print the table, its seed, and where the file is."""
    found = config.stash[SESSION]
    if not found.results:
        return
    terminalreporter.section(f"bridge benchmarks ({SEED_OPTION}={found.seed})")
    for line in table.lines(found.results, config.get_terminal_writer().fullwidth):
        terminalreporter.line(line)
    for remark in table.remarks(found.results):
        terminalreporter.line(remark)
    if found.json is not None:
        terminalreporter.line(f"written to {found.json}")


@pytest.fixture(scope="session")
def bridge_benchmark_new_loop() -> Callable[[], asyncio.AbstractEventLoop]:
    """Return what makes the loop of plain tests; a root `conftest.py` may return `uvloop.new_event_loop` instead."""
    return asyncio.new_event_loop


@pytest.fixture(scope="session")
def bridge_benchmark_loop(bridge_benchmark_new_loop: Callable[[], asyncio.AbstractEventLoop]) -> Iterator[KeptLoop]:
    """Return the loop on which `bridge_benchmark` runs in plain tests; its `run` opens and closes a pool there."""
    loop = KeptLoop(bridge_benchmark_new_loop)
    yield loop
    loop.close()


@pytest.fixture
def bridge_benchmark(request: pytest.FixtureRequest, bridge_benchmark_loop: KeptLoop) -> BridgeBenchmark:
    """Time awaitables: `bridge_benchmark(candidate, control)`, or `await bridge_benchmark.measure(candidate, control)`.

    Raises:
        pytest.fail.Exception: The test runs in a worker of pytest-xdist, which shares the machine with others.
    """
    if _is_worker(request.config):
        pytest.fail(
            "bridge_benchmark does not measure in a worker of pytest-xdist, which shares the machine with others\n"
            "hint: run the benchmarks in a session of their own, with `-n 0`",
            pytrace=False,
        )
    found = request.config.stash[SESSION]
    return BridgeBenchmark(_place(request.node), found.results, found.seed, bridge_benchmark_loop)


def _place(item: pytest.Item) -> Place:
    given = getattr(item, "callspec", None)
    if given is None:
        return Place(item.name, item.nodeid)
    return Place(item.name, item.nodeid, None, given.id, given.params)


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


def _json_path(config: pytest.Config) -> Path | None:
    given = config.getoption(JSON_OPTION)
    if given is None:
        return None
    path = Path(config.invocation_params.dir, given)
    if path.is_dir():
        message = f"{JSON_OPTION} {given} is a folder\nhint: name a file"
        raise pytest.UsageError(message)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"the folder of {JSON_OPTION} {given} cannot be made: {error}"
        raise pytest.UsageError(message) from error
    return path
