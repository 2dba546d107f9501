"""What stood where when the clock struck? Evidence in, a class of hang and one file with all of it out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_pyo3_bridge.catalogue import Check
    from pytest_pyo3_bridge.supervisor import Setting

GIL_HELD = "GIL held while blocking"
LOOP_BLOCKED = "loop blocked"
POOL_EXHAUSTED = "pool exhausted"
SERVER_BUSY = "server busy"
LOST_WAKE_UP = "lost wake-up"
LOCK_ORDER = "lock order"

# Frames of a thread that waits for a lock of Rust's or of the C library.
LOCKS = re.compile(
    r"lock_contended|pthread_mutex_lock|lll_lock_wait|parking_lot\S*::lock|rwlock\S*::(read|write)_contended"
)
# CPython's function that waits for the GIL; attaching ends there, too.
TAKES_GIL = re.compile(r"\btake_gil\b|_PyThreadState_Attach|PyGILState_Ensure|PyEval_RestoreThread")


@dataclass
class Evidence:
    """What was seen of a process that hangs.

    Attributes:
        responds: whether a second Python thread of it could still run.
        turns: whether its event loop did.
        python: the Python stacks of its threads.
        tasks: its asyncio tasks as a tree.
        native: its native stacks, or why there are none.
        server: what the server said of its sessions and locks.
        output: what the process printed.
    """

    responds: bool = True
    turns: bool = True
    python: str = ""
    tasks: str = ""
    native: str = ""
    server: str = ""
    output: str = ""

    def hang(self) -> str:
        """Name the class of the hang."""
        if not self.responds:
            return LOCK_ORDER if self._waits_for_lock() else GIL_HELD
        if not self.turns:
            return LOCK_ORDER if self._waits_for_lock() else LOOP_BLOCKED
        return self._of_server() or LOST_WAKE_UP

    def _waits_for_lock(self) -> bool:
        """Whether a thread that runs Python waits for a native lock, while another thread waits for the GIL."""
        stacks = re.split(r"\n(?=Thread )", self.native)
        python = [stack for stack in stacks if re.search(r"_PyEval_EvalFrame|PyObject_Vectorcall|Py_RunMain", stack)]
        waits = any(LOCKS.search("\n".join(stack.splitlines()[:14])) for stack in python)
        return waits and any(TAKES_GIL.search(stack) for stack in stacks)

    def _of_server(self) -> str | None:
        """The class by what the server's sessions do: the line that `postgres.look` writes first."""
        found = re.search(r"^sessions: (\d+) active, (\d+) wait for a lock, (\d+) idle", self.server, re.MULTILINE)
        if not found:
            return None
        active, waiting, idle = (int(number) for number in found.groups())
        if waiting:
            return LOCK_ORDER
        if active:
            return SERVER_BUSY
        return POOL_EXHAUSTED if idle and "idle in transaction" in self.server else None


def write(folder: Path, check: Check, setting: Setting, evidence: Evidence, seconds: float) -> Path:
    """Write the incident's file, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{check.id.replace('/', '-')}.txt"
    parts = [
        f"{check.id}: {check.holds}",
        f"adapter {setting.adapter}, depth {setting.depth.value}, seed {setting.seed}, {seconds:.1f} s",
        f"a second Python thread {'ran' if evidence.responds else 'could not run'}",
        f"the event loop {'turned' if evidence.turns else 'did not turn'}",
        f"class: {evidence.hang()}",
    ]
    titled = {
        "Python stacks": evidence.python,
        "asyncio tasks": evidence.tasks,
        "native stacks": evidence.native,
        "the server": evidence.server,
        "output": evidence.output,
    }
    parts += [f"\n== {title}\n{text.strip()}" for title, text in titled.items() if text.strip()]
    path.write_text("\n".join(parts) + "\n", encoding="utf-8")
    return path
