"""What if a check never ends, or ends its process? It is told with its class and its stacks, and the others go on."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any, Callable

import pytest

from pytest_pyo3_bridge import resources
from pytest_pyo3_bridge.incident import GIL_HELD, LOCK_ORDER, LOOP_BLOCKED, LOST_WAKE_UP, SERVER_BUSY, Evidence

if TYPE_CHECKING:
    from conftest import RunKit

Outcomes = Callable[[], "dict[str, Any]"]

FAULTS = {
    # PyDLL keeps the GIL, as an extension does that blocks without detaching.
    GIL_HELD: "ctypes.PyDLL(None).sleep(1000)",
    LOOP_BLOCKED: "time.sleep(1000)",
    LOST_WAKE_UP: "await asyncio.get_running_loop().create_future()",
}


@pytest.mark.parametrize("hang", FAULTS)
def test_a_hang_is_classified_and_the_other_checks_go_on(
    run_kit: RunKit, outcomes: Outcomes, pytester: pytest.Pytester, hang: str
) -> None:
    fault = f"""
    import ctypes, time
    class Adapter(Clean):
        async def fail(self):
            {FAULTS[hang]}
    """
    ended = run_kit("-k", "error-class or every-answer", "--bridge-patience", "0.3", fault=fault)
    assert ended.ret == 1
    found = outcomes()
    assert found["core/every-answer-comes"]["outcome"] == "passed"
    entry = found["core/error-class"]
    assert entry["outcome"] == "hung", entry
    assert entry["hang"] == hang
    told = pytester.path.joinpath("bridge-incidents", entry["incident"]).read_text(encoding="utf-8")
    assert f"class: {hang}" in told
    assert "== Python stacks" in told
    assert "in fail" in told
    if shutil.which("gdb") or shutil.which("py-spy"):
        assert "== native stacks" in told


def test_answers_that_are_late_are_told_as_late_and_not_as_a_hang(run_kit: RunKit, outcomes: Outcomes) -> None:
    # Ten of them take longer than the check may.
    fault = "class Adapter(Clean):\n    async def quick(self):\n        await asyncio.sleep(1.1)"
    assert run_kit("-k", "busy-threads", fault=fault).ret == 1
    entry = outcomes()["core/answers-come-beside-busy-threads"]
    assert entry["outcome"] == "failed"
    assert entry["message"].startswith("an answer takes 1.")


def test_a_crash_is_told_with_its_signal(run_kit: RunKit, outcomes: Outcomes, pytester: pytest.Pytester) -> None:
    fault = """
    import ctypes
    class Adapter(Clean):
        async def fail(self):
            ctypes.string_at(0)
    """
    assert run_kit("-k", "error-class or every-answer", fault=fault).ret == 1
    found = outcomes()
    assert found["core/error-class"]["outcome"] == "crashed"
    assert "SIGSEGV" in found["core/error-class"]["message"]
    told = pytester.path.joinpath("bridge-incidents", found["core/error-class"]["incident"]).read_text(encoding="utf-8")
    assert "string_at" in told
    assert found["core/every-answer-comes"]["outcome"] == "passed"


@pytest.mark.skipif(not resources.threads(), reason="this kernel does not say how many threads there are")
def test_a_thread_per_call_ends_its_process_and_not_the_machine(run_kit: RunKit, outcomes: Outcomes) -> None:
    fault = """
    import threading
    OVER = threading.Event()
    class Adapter(Clean):
        async def quick(self):
            for _ in range(20):
                threading.Thread(target=OVER.wait, daemon=True).start()
    """
    assert run_kit("-k", "every-answer or error-class", fault=fault).ret == 1
    found = outcomes()
    assert found["core/every-answer-comes"]["outcome"] == "crashed"
    assert "threads, and the kit ended it" in found["core/every-answer-comes"]["message"]
    assert found["core/error-class"]["outcome"] == "passed"


MUTEX = """
Thread 1 (LWP 1):
#0  syscall ()
#1  std::sync::mutex::futex::Mutex::lock_contended ()
#2  mutants::fetch ()
#3  _PyEval_EvalFrameDefault ()

Thread 2 (LWP 2):
#0  pthread_cond_timedwait ()
#1  take_gil ()
#2  pyo3::attach ()
"""
PARKED = MUTEX.replace("std::sync::mutex::futex::Mutex::lock_contended", "tokio::runtime::park::CachedParkThread::park")


@pytest.mark.parametrize(
    ("evidence", "hang"),
    [
        (Evidence(responds=False, native=PARKED), GIL_HELD),
        (Evidence(responds=False, native=MUTEX), LOCK_ORDER),
        (Evidence(turns=False), LOOP_BLOCKED),
        (Evidence(), LOST_WAKE_UP),
        (Evidence(server="sessions: 1 active, 0 wait for a lock, 3 idle"), SERVER_BUSY),
        (Evidence(server="sessions: 2 active, 1 wait for a lock, 0 idle"), LOCK_ORDER),
    ],
)
def test_what_stood_where_names_the_class(evidence: Evidence, hang: str) -> None:
    assert evidence.hang() == hang


def test_an_adapter_that_breaks_the_worker_is_told(run_kit: RunKit) -> None:
    fault = "import os\nif 'PYTEST_CURRENT_TEST' in os.environ:\n    raise RuntimeError('only here')"
    ended = run_kit("-k", "error-class", fault=fault)
    assert ended.ret != 0
    assert any("only here" in line for line in ended.outlines + ended.errlines)


def test_the_file_of_results_is_what_its_schema_says(run_kit: RunKit, pytester: pytest.Pytester) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    from pathlib import Path  # noqa: PLC0415

    import pytest_pyo3_bridge  # noqa: PLC0415

    schema = json.loads(Path(pytest_pyo3_bridge.__file__).with_name("bridge.schema.json").read_text(encoding="utf-8"))
    assert run_kit("-k", "error").ret == 0
    jsonschema.validate(json.loads(pytester.path.joinpath("bridge.json").read_text(encoding="utf-8")), schema)


def test_patience_multiplies_the_waits_in_a_check(run_kit: RunKit, outcomes: Outcomes) -> None:
    fault = """
    class Adapter(Clean):
        async def fail(self):
            await asyncio.get_running_loop().create_future()
    """
    run_kit("-k", "error-class", "--bridge-patience", "0.25", fault=fault)
    assert "no answer came within 2 s" in outcomes()["core/error-class"]["message"]
