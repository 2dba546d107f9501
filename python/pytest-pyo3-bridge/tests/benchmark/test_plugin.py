"""Does the fixture work as users have it? Small test files in, what a whole run of pytest says and writes out."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import pytest_pyo3_bridge.benchmark as package

if TYPE_CHECKING:
    from collections.abc import Callable

# Short, and without a limit in time: nothing here depends on how fast the machine is.
OPTIONS = "rounds=6, min_block_seconds=1e-5, max_seconds=600"
PREAMBLE = """
import asyncio
import pytest

async def quick():
    pass

async def slow():
    for _ in range(200):
        pass
"""
PLAIN = f"""
def test_plain(bridge_benchmark):
    bridge_benchmark(quick, slow, {OPTIONS})
"""
PLUGINS = ("asyncio", "anyio", "benchmark", "xdist")
MODULES = {"asyncio": "pytest_asyncio", "anyio": "anyio", "benchmark": "pytest_benchmark", "xdist": "xdist"}


def needs(*plugins: str) -> pytest.MarkDecorator:
    """Skip where one of these plugins is not installed."""
    absent = [MODULES[plugin] for plugin in plugins if find_spec(MODULES[plugin]) is None]
    return pytest.mark.skipif(bool(absent), reason=f"not installed: {', '.join(absent)}")


class Run:
    """An ended run of pytest."""

    def __init__(self, folder: Path, ran: subprocess.CompletedProcess[str]) -> None:
        self.folder = folder
        self.code = ran.returncode
        self.text = ran.stdout + ran.stderr

    def entries(self) -> list[dict[str, Any]]:
        """Return the benchmarks of the file that it wrote."""
        document = json.loads((self.folder / "out.json").read_text(encoding="utf-8"))
        return list(document["benchmarks"])


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Run]:
    """Return a function that runs a test file in a Python of its own, with the plugin and those that it names."""

    def run(source: str, *arguments: str, plugins: tuple[str, ...] = ()) -> Run:
        (tmp_path / "test_file.py").write_text(PREAMBLE + source, encoding="utf-8")
        (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        without = [part for plugin in PLUGINS if plugin not in plugins for part in ("-p", f"no:{plugin}")]
        command = ["-m", "pytest", "-p", "pytest_pyo3_bridge.benchmark.plugin", "-p", "no:cacheprovider", "-W", "error"]
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
        environment["PYTHONPATH"] = str(Path(package.__file__).parents[2])
        ran = subprocess.run(  # noqa: S603  the program is this Python
            [sys.executable, *command, *without, *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Run(tmp_path, ran)

    return run


def test_a_plain_test_is_measured_shown_and_written(run: Callable[..., Run]) -> None:
    found = run(PLAIN, "--bridge-benchmark-json=out.json", "--bridge-benchmark-seed=5")
    assert found.code == 0, found.text
    assert "bridge benchmarks (--bridge-benchmark-seed=5)" in found.text
    assert "control/candidate" in found.text
    assert f"written to {found.folder / 'out.json'}" in found.text
    candidate, control = found.entries()
    assert (candidate["name"], control["name"]) == ("test_plain[candidate]", "test_plain[control]")
    assert candidate["group"] == control["group"] == "test_file.py::test_plain"
    assert (candidate["extra_info"]["seed"], candidate["stats"]["rounds"]) == (5, 6)
    pairs = zip(control["stats"]["data"], candidate["stats"]["data"])
    assert candidate["extra_info"]["ratio"] == statistics.median(longer / shorter for longer, shorter in pairs)


def test_the_seed_repeats_the_orders_and_is_a_new_one_each_time(run: Callable[..., Run]) -> None:
    source = PLAIN.replace("rounds=6", "rounds=40")
    infos = []
    for arguments in ((), (), ("--bridge-benchmark-seed=5",), ("--bridge-benchmark-seed=5",)):
        entries = run(source, "--bridge-benchmark-json=out.json", *arguments).entries()
        infos.append(entries[0]["extra_info"])
    assert infos[0]["seed"] != infos[1]["seed"]
    assert infos[2]["first"] == infos[3]["first"] != infos[0]["first"]


def test_plain_tests_share_a_loop_with_the_fixtures_that_open_a_pool_there(run: Callable[..., Run]) -> None:
    source = f"""
LOOPS = []

async def running():
    return asyncio.get_running_loop()

@pytest.fixture(scope="module")
def pool(bridge_benchmark_loop):
    yield bridge_benchmark_loop.run(running())
    bridge_benchmark_loop.run(quick())

@pytest.mark.parametrize("number", [1, 2])
def test_loop(bridge_benchmark, pool, number):
    async def candidate():
        assert asyncio.get_running_loop() is pool
    bridge_benchmark(candidate, {OPTIONS})
"""
    found = run(source, "--bridge-benchmark-json=out.json")
    assert found.code == 0, found.text
    assert [entry["name"] for entry in found.entries()] == ["test_loop[1-candidate]", "test_loop[2-candidate]"]
    assert [entry["params"] for entry in found.entries()] == [{"number": 1}, {"number": 2}]


def test_a_root_conftest_may_choose_the_loop(run: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(
        """
import asyncio, pytest

class OwnLoop(asyncio.SelectorEventLoop):
    pass

@pytest.fixture(scope="session")
def bridge_benchmark_new_loop():
    return OwnLoop
""",
        encoding="utf-8",
    )
    found = run(PLAIN, "--bridge-benchmark-json=out.json")
    assert found.entries()[0]["extra_info"]["loop"] == "conftest.OwnLoop", found.text


@needs("asyncio")
def test_a_test_of_pytest_asyncio_awaits_measure(run: Callable[..., Run]) -> None:
    source = f"""
@pytest.mark.asyncio
async def test_async(bridge_benchmark):
    here = asyncio.get_running_loop()
    async def candidate():
        assert asyncio.get_running_loop() is here
    found = await bridge_benchmark.measure(candidate, slow, {OPTIONS})
    assert found.ratio.low <= found.ratio.estimate <= found.ratio.high

@pytest.mark.asyncio
async def test_wrong(bridge_benchmark):
    with pytest.raises(RuntimeError, match="await bridge_benchmark.measure"):
        bridge_benchmark(quick)

def test_plain_after_it(bridge_benchmark):
    bridge_benchmark(quick, {OPTIONS})
"""
    asyncio_options = ("-o", "asyncio_mode=strict", "-o", "asyncio_default_fixture_loop_scope=function")
    found = run(source, *asyncio_options, "--bridge-benchmark-json=out.json", plugins=("asyncio",))
    assert found.code == 0, found.text
    assert "3 passed" in found.text
    names = [entry["name"] for entry in found.entries()]
    assert names == ["test_async[candidate]", "test_async[control]", "test_plain_after_it[candidate]"]


@needs("anyio")
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_test_of_anyio_awaits_measure(run: Callable[..., Run], backend: str) -> None:
    if backend == "trio" and find_spec("trio") is None:
        pytest.skip("not installed: trio")
    source = f"""
@pytest.fixture
def anyio_backend():
    return "{backend}"

@pytest.mark.anyio
async def test_async(bridge_benchmark):
    found = await bridge_benchmark.measure(quick, slow, {OPTIONS})
    assert (found.loop is None) == ("{backend}" == "trio")
"""
    found = run(source, plugins=("anyio",))
    assert found.code == 0, found.text
    assert "1 passed" in found.text


@needs("benchmark")
def test_pytest_benchmark_compares_both_sides_in_one_group(run: Callable[..., Run]) -> None:
    written = run(PLAIN, "--bridge-benchmark-json=out.json")
    command = [
        sys.executable,
        "-m",
        "pytest_benchmark",
        "compare",
        "out.json",
        "--csv=table",
        "--columns=median,rounds",
    ]
    ran = subprocess.run(  # noqa: S603  the program is this Python
        command, cwd=written.folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "benchmark 'test_file.py::test_plain': 2 tests" in ran.stdout
    rows = (written.folder / "table.csv").read_text(encoding="utf-8").splitlines()
    assert rows[0] == "name,median,rounds"
    medians = {entry["fullname"]: entry["stats"]["median"] for entry in written.entries()}
    assert sorted(rows[1:]) == [f"{name},{median},6" for name, median in sorted(medians.items())]


@needs("benchmark")
def test_pytest_benchmark_beside_it_writes_its_own_file(run: Callable[..., Run]) -> None:
    source = f"{PLAIN}\ndef test_theirs(benchmark):\n    benchmark(lambda: None)\n"
    files = ("--bridge-benchmark-json=out.json", "--benchmark-json=theirs.json")
    found = run(source, *files, plugins=("benchmark",))
    assert found.code == 0, found.text
    theirs = json.loads((found.folder / "theirs.json").read_text(encoding="utf-8"))
    assert [entry["name"] for entry in theirs["benchmarks"]] == ["test_theirs"]
    assert [entry["name"] for entry in found.entries()] == ["test_plain[candidate]", "test_plain[control]"]


@needs("xdist")
def test_a_worker_of_xdist_refuses_to_measure(run: Callable[..., Run]) -> None:
    found = run(PLAIN, "-n1", "--bridge-benchmark-json=out.json", plugins=("xdist",))
    assert found.code == 1
    assert "does not measure in a worker of pytest-xdist" in found.text
    assert "hint: run the benchmarks in a session of their own, with `-n 0`" in found.text
    assert found.entries() == []


@needs("xdist")
def test_xdist_without_workers_measures(run: Callable[..., Run]) -> None:
    found = run(PLAIN, "-n0", "--bridge-benchmark-json=out.json", plugins=("xdist",))
    assert (found.code, len(found.entries())) == (0, 2), found.text


def test_an_awaitable_that_raises_fails_the_test_with_its_error(run: Callable[..., Run]) -> None:
    source = f"""
async def fail():
    raise LookupError("from the other side")

def test_fails(bridge_benchmark):
    bridge_benchmark(fail, {OPTIONS})
"""
    found = run(source, "--bridge-benchmark-json=out.json")
    assert found.code == 1
    assert "LookupError: from the other side" in found.text
    assert (found.entries(), "bridge benchmarks (" in found.text) == ([], False)


def test_a_result_stays_when_the_test_fails_for_it(run: Callable[..., Run]) -> None:
    source = f"{PLAIN}    assert False, 'too slow'\n"
    found = run(source, "--bridge-benchmark-json=out.json")
    assert (found.code, len(found.entries())) == (1, 2), found.text


def test_a_run_without_benchmarks_leaves_no_older_results(run: Callable[..., Run], tmp_path: Path) -> None:
    run(PLAIN, "--bridge-benchmark-json=out.json")
    older = (tmp_path / "out.json").read_text(encoding="utf-8")
    collected = run(PLAIN, "--bridge-benchmark-json=out.json", "--collect-only")
    assert (tmp_path / "out.json").read_text(encoding="utf-8") == older, collected.text
    assert run("def test_nothing(): pass\n", "--bridge-benchmark-json=out.json").entries() == []


def test_a_file_that_cannot_be_is_told_before_anything_runs(run: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    folder = run(PLAIN, "--bridge-benchmark-json=.")
    below_a_file = run(PLAIN, "--bridge-benchmark-json=file/out.json")
    assert (folder.code, below_a_file.code) == (4, 4)
    assert "--bridge-benchmark-json . is a folder\nhint: name a file" in folder.text
    assert "the folder of --bridge-benchmark-json file/out.json cannot be made" in below_a_file.text


def test_the_folder_of_the_file_is_made(run: Callable[..., Run], tmp_path: Path) -> None:
    run(PLAIN, "--bridge-benchmark-json=some/where/out.json")
    assert (tmp_path / "some/where/out.json").is_file()


def test_the_options_are_in_the_help(run: Callable[..., Run]) -> None:
    text = run("", "--help").text
    assert "--bridge-benchmark-json=PATH" in text
    assert "--bridge-benchmark-seed=N" in text
