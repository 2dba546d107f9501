"""Does the session's own process know its workers, and what became of them?"""

from __future__ import annotations

import json
import subprocess
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from matrix_cell.events import Lines
from matrix_cell.gate import Gate, WorkerGate
from matrix_cell.request import CellRequest
from matrix_cell.workers import LEFT, PATIENCE, Workers, distributes, say_why, worker_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WAITS = [sys.executable, "-c", "input()"]


def node_of(popen: object, **more: Any) -> Any:
    """Return what pytest-xdist knows of a worker."""
    return SimpleNamespace(gateway=SimpleNamespace(id="gw0", _io=SimpleNamespace(popen=popen)), **more)


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    """Give a process that ends when its input does."""
    with subprocess.Popen(WAITS, stdin=subprocess.PIPE) as child:  # noqa: S603
        yield child


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Workers]:
    """Give what knows the workers, and a record for it."""
    lines = Lines(tmp_path / "events.jsonl")
    yield Workers(lines, Gate(CellRequest(out=tmp_path, cell="py3.12")))
    lines.close()


def told(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()]


def test_processes_are_those_that_began_and_have_not_ended(workers: Workers, child: subprocess.Popen[bytes]) -> None:
    node, other = node_of(child, workeroutput={}), node_of(None)
    other.gateway.id = "gw1"
    workers.pytest_testnodeready(node)
    workers.pytest_testnodeready(other)
    assert [process.pid for process in workers.processes()] == [child.pid]
    workers.pytest_testnodedown(other, None)
    assert [process.pid for process in workers.processes()] == [child.pid]
    workers.pytest_testnodedown(node, None)
    assert workers.processes() == []


def test_worker_that_ended_at_once_is_no_process(workers: Workers, child: subprocess.Popen[bytes]) -> None:
    child.communicate(b"")
    workers.pytest_testnodeready(node_of(child))
    assert workers.processes() == []


def test_worker_that_ended_as_it_should_is_no_event(workers: Workers, tmp_path: Path) -> None:
    workers.pytest_testnodedown(node_of(None, workeroutput={"exitstatus": 0}), None)
    assert told(tmp_path) == []


def test_death_of_a_worker_is_told_with_its_exit_code(
    workers: Workers, tmp_path: Path, child: subprocess.Popen[bytes]
) -> None:
    child.kill()
    workers.pytest_testnodedown(node_of(child), "Not properly terminated")
    [event] = told(tmp_path)
    del event["time"]
    expected = {"event": "worker_died", "worker": "gw0", "exit_code": -9, "message": "Not properly terminated"}
    assert event == expected


class Stuck(subprocess.Popen[bytes]):
    """A process that does not end, for one who waits."""

    def wait(self, timeout: float | None = None) -> int:
        if timeout is None:
            return super().wait()
        assert timeout == PATIENCE == 5
        raise subprocess.TimeoutExpired(self.args, timeout)


@pytest.mark.parametrize("kind", ["elsewhere", "stuck"])
def test_worker_whose_end_cannot_be_known_has_no_exit_code(workers: Workers, tmp_path: Path, kind: str) -> None:
    if kind == "elsewhere":
        workers.pytest_testnodedown(SimpleNamespace(gateway=SimpleNamespace(id="gw0")), "lost")
    else:
        with Stuck(WAITS, stdin=subprocess.PIPE) as stuck:
            workers.pytest_testnodedown(node_of(stuck), "lost")
    [event] = told(tmp_path)
    assert (event["exit_code"], event["message"]) == (None, "lost")


@pytest.mark.parametrize(("code", "observed"), [(70, None), (71, {"schema_version": 1, "error": "worker gw0: why"})])
def test_worker_that_left_before_its_tests_ends_the_session(
    workers: Workers, tmp_path: Path, code: int, observed: object, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(pytest.exit.Exception) as left:
        workers.pytest_testnodedown(node_of(None, workeroutput={LEFT: ["why", code]}), None)
    assert (left.value.msg, left.value.returncode) == ("py3.12: worker gw0: why", code)
    assert capsys.readouterr().out == "\npy3.12: worker gw0: why\n"
    path = tmp_path / "observed.json"
    assert (json.loads(path.read_bytes()) if path.exists() else None) == observed


def test_workers_own_gate_says_why_to_the_session(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines(tmp_path / "events.jsonl", "gw7")
    config: Any = SimpleNamespace(workeroutput={})
    gate = WorkerGate(CellRequest(out=tmp_path), lines)
    with pytest.raises(pytest.exit.Exception) as left:
        gate.stop(config, "why\n  hint: because", 71)
    assert (left.value.msg, left.value.returncode) == ("why", 71)
    assert config.workeroutput == {"matrix_left": ["why\n  hint: because", 71]}
    assert capsys.readouterr().out == ""
    gate.keep({"python": "3.12"})
    lines.close()
    [event] = told(tmp_path)
    del event["time"]
    assert event == {"event": "worker_observed", "worker": "gw7", "observed": {"python": "3.12"}}
    assert not (tmp_path / "observed.json").exists()


def test_only_a_worker_has_a_name() -> None:
    assert worker_of(SimpleNamespace()) is None  # type: ignore[arg-type]
    assert worker_of(SimpleNamespace(workerinput={"workerid": "gw3"})) == "gw3"  # type: ignore[arg-type]


def test_tests_stay_here_unless_pytest_xdist_takes_them() -> None:
    manager = pytest.PytestPluginManager()
    config: Any = SimpleNamespace(pluginmanager=manager)
    assert distributes(config) is False
    manager.register(SimpleNamespace(), "dsession")
    assert distributes(config) is True


def test_reason_is_kept_beside_what_pytest_xdist_keeps() -> None:
    config: Any = SimpleNamespace(workeroutput={"exitstatus": 0})
    say_why(config, "why", 70)
    assert config.workeroutput == {"exitstatus": 0, LEFT: ["why", 70]}
