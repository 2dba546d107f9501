"""How does a test break a server that no other test uses? It has a throwaway one, to stop and start at will."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pool_server import DEADLINE, SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST = "127.0.0.1"
# No data has to survive the test, so the server never waits for the disk.
OPTIONS = ("fsync=off", "full_page_writes=off", f"listen_addresses={HOST}", "unix_socket_directories=")


def installed() -> bool:
    """Whether ``initdb`` and ``postgres`` can be found. They are beside every server that the harness started."""
    return shutil.which("initdb") is not None and shutil.which("postgres") is not None


def _unprivileged() -> str | None:
    """Name the user for the server, if it cannot be the current one: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def free_port() -> int:
    """Return a port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def own_server() -> Iterator[OwnServer]:
    """Give a running server; it is gone afterwards, with its data."""
    server = OwnServer()
    try:
        server.initialise()
        server.start()
        yield server
    finally:
        server.remove()


class OwnServer:
    """A new cluster on a free port of this machine; ``own_server`` makes it and removes it."""

    def __init__(self) -> None:
        self._user = _unprivileged()
        self._folder = Path(tempfile.mkdtemp(prefix="pool-test-server-"))
        self._data = self._folder / "data"
        self._process: subprocess.Popen[bytes] | None = None
        self._port = free_port()
        self._has_run = False

    @property
    def settings(self) -> dict[str, Any]:
        """Return the arguments for a pool."""
        own = {"database": "postgres", "host": HOST, "port": self._port, "username": "postgres", "password": "own"}
        return {**SETTINGS, **own}

    def start(self) -> None:
        """Start the server, and return when it accepts connections."""
        deadline = time.monotonic() + DEADLINE
        while not self._starts(deadline):
            # Another program took the port before the server did. Pools know the port of a server that has run.
            if not self._has_run:
                self._port = free_port()
            time.sleep(0.02)
        self._has_run = True

    def _starts(self, deadline: float) -> bool:
        """Start the server once; false if it found its port taken."""
        options = [word for option in (*OPTIONS, f"port={self._port}") for word in ("-c", option)]
        with (self._folder / "log").open("wb") as log:
            command = ["postgres", "-D", str(self._data), *options]
            self._process = subprocess.Popen(  # noqa: S603
                command, user=self._user, cwd=self._folder, stdout=log, stderr=log
            )
        while not self._listens():
            assert time.monotonic() < deadline, self._log()
            if self._process.poll() is not None:
                assert "could not bind" in self._log(), self._log()
                return False
            time.sleep(0.02)
        return True

    def stop(self, how: signal.Signals) -> None:
        """End the server: SIGINT is PostgreSQL's fast shutdown, SIGQUIT its immediate one."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(DEADLINE)
            self._process = None

    def remove(self) -> None:
        """End the server, and remove its data."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self._folder)

    def initialise(self) -> None:
        """Make the cluster, whose superuser has a password."""
        password = self._folder / "password"
        password.write_text("own")
        for path in (self._folder, password):
            if self._user:
                shutil.chown(path, self._user)
        command = ["initdb", "-D", str(self._data), "-U", "postgres", "-A", "md5", "--no-sync"]
        made = subprocess.run(  # noqa: S603
            [*command, "--pwfile", str(password)],
            user=self._user,
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert made.returncode == 0, made.stdout + made.stderr

    def _listens(self) -> bool:
        # The pid file's last line says "ready" only when the server accepts sessions; the port answers earlier.
        lines = self._lines("data/postmaster.pid")
        return len(lines) > 7 and lines[7].strip() == "ready"

    def _lines(self, name: str) -> list[str]:
        path = self._folder / name
        return path.read_text(errors="replace").splitlines() if path.exists() else []

    def _log(self) -> str:
        return "\n".join(self._lines("log")[-20:])
