"""Does each check pass on a clean adapter, and find the fault that it is for?"""

from __future__ import annotations

import importlib.util
import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_pyo3_bridge.catalogue import Depth, table
from pytest_pyo3_bridge.checks import core
from pytest_pyo3_bridge.supervisor import Result, Setting, Supervisor

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path(__file__).parent
# The subjects that are tested here, by their module.
SUBJECTS = {
    "contexts",
    "event_loops",
    "finalisers",
    "forks",
    "free_threading",
    "interpreters",
    "interrupts",
    "leaving",
    "loops",
    "scarcity",
    "threads",
}
# What is only recorded cannot be red.
RECORDED = {"core/context-of-a-called-function", "core/given-to-asyncio-run", "core/multiprocessing-fork"}

# Each fault, the check that must find it, and a word of what it must say.
FAULTS = [
    ("SwallowsInterrupts", "core/ctrl-c-while-it-waits", "did not end within"),
    ("SwallowsInterruptsInCompletions", "core/ctrl-c-under-load", "did not end within"),
    ("CallsClosedLoops", "core/left-in-silence", "Event loop is closed"),
    ("CrashesAtExit", "core/loop-closed-with-work-pending", "SIGABRT"),
    ("BoundToTheFirstLoop", "core/second-loop", "Event loop is closed"),
    ("LosesWhatIsForAnotherLoop", "core/two-loops-at-once", "no answer came within"),
    ("PanicsWithoutALoop", "core/no-running-loop", "PanicException"),
    ("WorksInTheMainThread", "core/loop-in-a-thread", "no current event loop"),
    ("SharesASlot", "core/same-call-from-many-threads", "got"),
    ("ForgetsContexts", "core/task-keeps-its-context", "in another context"),
    ("ForgetsContexts", "core/done-callback-keeps-its-context", "in another context"),
    ("HangsInChildren", "core/forked-child-is-told", "hangs"),
    ("CrashesInChildren", "core/forked-child-is-told", "ended with status -6"),
    ("HangsInChildren", "core/forked-child-works-anew", "hangs"),
    ("BreaksItsParent", "core/fork-leaves-both-alone", "the runtime is gone"),
    ("CrashesAtExit", "core/exit-with-work-in-flight", "SIGABRT"),
    ("PanicsAtExit", "core/exit-with-work-in-flight", "panicked at"),
    ("LosesTheStatus", "core/exit-by-exception", "exits with 0 instead of 7"),
    ("CrashesAtExit", "core/exit-with-a-loop-left-open", "SIGABRT"),
    ("CrashesAtExit", "core/exit-beside-a-daemon-thread", "SIGABRT"),
    ("CrashesInFinalisers", "core/exit-with-finalisers-that-ask", "SIGABRT"),
    ("RemembersShortages", "core/descriptor-shortage-at-first-use", "stays broken"),
    ("PanicsInShortages", "core/descriptor-shortage-at-first-use", "`except Exception` does not catch"),
    ("RemembersShortages", "core/thread-shortage-at-first-use", "stays broken"),
    ("BorrowsWhilePythonRuns", "core/finaliser-calls-back", "already"),
    ("BorrowsWhilePythonRuns", "core/finaliser-waits-while-rows-are-made", "already mutably borrowed"),
    ("BorrowsWhilePythonRuns", "core/called-function-calls-back", "already borrowed"),
    ("WorksOnAsyncioOnly", "core/uvloop", "_ready"),
    ("CrashesAtExit", "core/exit-on-uvloop", "SIGABRT"),
    ("TurnsTheGilOn", "core/gil-stays-off", "turns the GIL on"),
    ("crashes_elsewhere", "core/import-in-a-subinterpreter", "SIGABRT"),
    ("crashes_elsewhere", "core/import-in-a-legacy-subinterpreter", "SIGABRT"),
]


def ids() -> list[str]:
    """Return the ids of the checks that are tested here."""
    return [name for name, check in table().items() if check.run.__module__.split(".")[-1] in SUBJECTS]


def run(adapter: str, names: Sequence[str], folder: Path) -> dict[str, Result]:
    """Run checks at quick depth in a worker of their own."""
    named = f"{HERE / 'adapters.py'}:{adapter}" if adapter[0].isupper() else str(HERE / f"{adapter}.py")
    supervisor = Supervisor(Setting(named, None, Depth.QUICK, 7, folder))
    try:
        return {result.check.id: result for result in supervisor.run([table()[name] for name in names])}
    finally:
        supervisor.stop()


def left_out(name: str) -> str:
    """Say why a check cannot be made on this Python."""
    if "uvloop" in name and importlib.util.find_spec("uvloop") is None:
        return "uvloop is not installed"
    free = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
    if name == "core/gil-stays-off" and not free:
        return "not free-threaded"
    if "subinterpreter" in name and sys.version_info < (3, 12):
        return "before 3.12"
    if "daemon" in name and free and sys.version_info < (3, 14):
        return "this Python hangs by itself"
    on_linux = {"core/descriptor-shortage-at-first-use", "core/thread-shortage-at-first-use"}
    return "not on Linux" if name in on_linux and not sys.platform.startswith("linux") else ""


pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are neither signals nor forks")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Result]:
    """Return what each check found of its fault: most wait for a clock, so they wait together."""
    folder = tmp_path_factory.mktemp("incidents")
    faults = [fault[:2] for fault in FAULTS if not left_out(fault[1])]
    with ThreadPoolExecutor(6) as threads:
        results = threads.map(lambda fault: run(fault[0], [fault[1]], folder)[fault[1]], faults)
        return dict(zip(faults, results))


def test_a_clean_adapter_passes(tmp_path: Path) -> None:
    results = run("Clean", ids(), tmp_path)
    allowed = {name: {"recorded"} if name in RECORDED else {"passed"} for name in ids()}
    for name in ids():
        if left_out(name):
            allowed[name] = {"not applicable"}
        # A container may keep root from becoming another user.
        if name == "core/thread-shortage-at-first-use":
            allowed[name].add("not applicable")
    assert {name: (one.outcome, one.message) for name, one in results.items() if one.outcome not in allowed[name]} == {}


@pytest.mark.parametrize(("fault", "name", "word"), FAULTS, ids=[f"{name}-{fault}" for fault, name, _ in FAULTS])
def test_a_fault_is_found(found: dict[tuple[str, str], Result], fault: str, name: str, word: str) -> None:
    if left_out(name):
        pytest.skip(left_out(name))
    result = found[fault, name]
    if result.outcome == "not applicable":
        pytest.skip(result.message)
    assert result.outcome in {"failed", "hung"}, result
    assert word in result.message


def test_an_extension_that_belongs_to_its_loop_may_be_forked(tmp_path: Path) -> None:
    result = run("BelongsToItsLoop", ["core/fork-leaves-both-alone"], tmp_path)["core/fork-leaves-both-alone"]
    assert result.outcome == "passed", result.message


@pytest.mark.skipif(importlib.util.find_spec("uvloop") is None, reason="uvloop is not installed")
def test_a_task_of_the_extension_may_be_left_on_uvloop(tmp_path: Path) -> None:
    result = run("WorksInATask", ["core/exit-on-uvloop"], tmp_path)["core/exit-on-uvloop"]
    assert result.outcome == "passed", result.message


def test_an_extension_may_say_that_it_was_not_closed(tmp_path: Path) -> None:
    result = run("SaysThatItIsOpen", ["core/exit-by-exception"], tmp_path)["core/exit-by-exception"]
    assert result.outcome == "passed", result.message


def test_each_check_has_a_fault() -> None:
    assert set(ids()) - {name for _, name, _ in FAULTS} == RECORDED
    modules = {path.stem for path in Path(core.__path__[0]).glob("*.py")}
    assert modules > SUBJECTS
