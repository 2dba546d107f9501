"""How does a server of the kit end even when its starter is killed? A keeper waits at a pipe, then removes all of it.

The keeper has a session of its own, so no signal to the worker's group reaches it; the end of the worker closes the
pipe. It has one thread, so the server can be told by the kernel to end with it.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
# From <sys/prctl.h>.
PR_SET_PDEATHSIG = 1
# Starting, on a busy machine.
PATIENCE = 20.0


class Failed(Exception):  # noqa: N818 (it is told as a reason)
    """The program could not be started. The text says why."""


class Keeper:
    """One program with a folder and a port.

    Args:
        order: ``files`` (name to text), ``prepare`` and ``run`` (commands), ``ready`` (a file and the word that it
            then holds, or nothing: the port answers), ``end`` (the signal that ends the program at once). ``{folder}``
            and ``{port}`` stand for themselves in files and commands.
    """

    def __init__(self, order: dict[str, Any]) -> None:
        self.order = order
        self.user = _unprivileged()
        self.folder = Path(tempfile.mkdtemp(prefix="pyo3-bridge-", dir=_reachable() if self.user else None))
        self.port = _free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.has_run = False

    def prepare(self) -> None:
        """Write the files, and run the first command."""
        self._own(self.folder)
        for name, text in self.order["files"].items():
            path = self.folder / name
            path.write_text(self._filled(text), encoding="utf-8")
            path.chmod(0o600)
            self._own(path)
        if self.order["prepare"]:
            command = [self._filled(word) for word in self.order["prepare"]]
            made = subprocess.run(  # noqa: S603
                command, cwd=self.folder, capture_output=True, text=True, check=False, **self._as_user()
            )
            if made.returncode:
                raise Failed((made.stdout + made.stderr).strip()[-1000:])

    def start(self) -> None:
        """Start the program, and return when it is ready."""
        deadline = time.monotonic() + PATIENCE
        while not self._starts(deadline):
            if time.monotonic() > deadline:
                raise Failed(self._log())
            # Another program took the port. Whoever knows the port of a program that has run expects it there again.
            if not self.has_run:
                self.port = _free_port()
                self._rewrite()
            time.sleep(0.05)
        self.has_run = True

    def stop(self, how: str) -> None:
        """End the program by a signal."""
        if self.process is not None:
            self.process.send_signal(signal.Signals[how])
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None

    def remove(self) -> None:
        """End the program, and remove its folder."""
        self.stop(self.order["end"])
        shutil.rmtree(self.folder, ignore_errors=True)

    def _starts(self, deadline: float) -> bool:
        command = [self._filled(word) for word in self.order["run"]]
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(  # noqa: S603
                command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=_end_with_keeper,  # noqa: PLW1509 (this process has one thread)
                **self._as_user(),
            )
        while not self._ready():
            if self.process.poll() is not None:
                if "in use" not in self._log() and "could not bind" not in self._log():
                    raise Failed(self._log())
                return False
            if time.monotonic() > deadline:
                raise Failed(self._log())
            time.sleep(0.01)
        return True

    def _ready(self) -> bool:
        if self.order["ready"]:
            name, word = self.order["ready"]
            path = self.folder / name
            return path.exists() and word in path.read_text(encoding="utf-8", errors="replace")
        with contextlib.suppress(OSError), socket.create_connection((HOST, self.port), 0.5):
            return True
        return False

    def _rewrite(self) -> None:
        for name, text in self.order["files"].items():
            (self.folder / name).write_text(self._filled(text), encoding="utf-8")

    def _filled(self, text: str) -> str:
        return text.replace("{folder}", str(self.folder)).replace("{port}", str(self.port))

    def _as_user(self) -> dict[str, Any]:
        return {} if self.user is None else {"user": self.user[0], "group": self.user[1], "extra_groups": []}

    def _own(self, path: Path) -> None:
        if self.user is not None:
            os.chown(path, *self.user)

    def _log(self) -> str:
        path = self.folder / "log"
        return (
            path.read_text(encoding="utf-8", errors="replace")[-1000:].strip() if path.exists() else "it said nothing"
        )


def _end_with_keeper() -> None:
    """Let the kernel end the program with the keeper. It comes after the change of user, which would undo it."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGQUIT), 0, 0, 0)
    # The keeper ignores it.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _unprivileged() -> tuple[int, int] | None:
    """Return another user and group if this is root, as which no server runs."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return None
    import pwd  # noqa: PLC0415 (Windows has none)

    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = known.get("postgres") or known["nobody"]
    return entry.pw_uid, entry.pw_gid


def _reachable() -> str | None:
    """Return a folder for temporary files to which another user finds its way."""
    for place in (tempfile.gettempdir(), "/tmp", "/var/tmp"):  # noqa: S108 (a folder of its own is made there)
        path = Path(place).resolve()
        if path.is_dir() and all(part.stat().st_mode & 0o001 for part in (path, *path.parents)):
            return str(path)
    return None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _obey(keeper: Keeper, order: dict[str, Any]) -> dict[str, Any]:
    try:
        if order["do"] == "prepare":
            keeper.prepare()
        elif order["do"] == "start":
            keeper.start()
        else:
            keeper.stop(order["how"])
    except (Failed, OSError) as error:
        return {"failed": str(error)}
    return {"port": keeper.port, "folder": str(keeper.folder)}


def main() -> None:
    """Obey orders, a JSON line each, until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    keeper = Keeper(json.loads(sys.stdin.readline()))
    try:
        for line in sys.stdin:
            sys.stdout.write(json.dumps(_obey(keeper, json.loads(line))) + "\n")
            sys.stdout.flush()
    except BrokenPipeError:
        pass
    finally:
        keeper.remove()
