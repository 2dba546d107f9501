"""Which server may a check break? One of the kit's own, started at most once in a worker; nobody else knows it."""

from __future__ import annotations

import asyncio
import re
import secrets
import shutil
import subprocess
import sys
from pathlib import Path

from pytest_pyo3_bridge.postgres.dsn import Dsn
from pytest_pyo3_bridge.postgres.keeper import HOST
from pytest_pyo3_bridge.postgres.kept import Kept
from pytest_pyo3_bridge.postgres.observer import Observer
from pytest_pyo3_bridge.trial import Inapplicable

ROLE = "bridge"
# No data has to survive the check, so the server never waits for the disk.
SETTINGS = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "shared_buffers=16MB", "max_connections=120")
PROGRAMS = ("initdb", "postgres")
# The first release whose passwords are stored for scram-sha-256.
SCRAM_SINCE = 14


class OwnServer:
    """A new cluster on a free port of this machine.

    Args:
        folder: where its programs are.
        major: their release.

    Attributes:
        major: its release.
        method: how it asks for a password; the release's own default.
        dsn: of a role that owns one schema, as the kit's driver uses it.
        admin: of its superuser.
    """

    def __init__(self, folder: Path, major: int) -> None:
        self.major = major
        self.method = "scram-sha-256" if self.major >= SCRAM_SINCE else "md5"
        self.password = secrets.token_hex(8)
        self._kept = Kept(_order(folder, self.method, self.password))

    @property
    def dsn(self) -> Dsn:
        """Where a driver connects to."""
        return self.admin.with_(user=ROLE)

    @property
    def folder(self) -> str:
        """The folder with its data, which is gone afterwards."""
        return self._kept.folder

    @property
    def admin(self) -> Dsn:
        """Where the superuser connects to."""
        return Dsn(HOST, self._kept.port, "postgres", self.password, "postgres")

    async def begin(self) -> None:
        """Make the cluster, start the server, and make the role with its schema."""
        await self._kept.begin()
        observer = Observer(self.admin)
        try:
            await observer.rows(
                f"create role {ROLE} login password '{self.password}'; create schema {ROLE} authorization {ROLE}"
            )
        finally:
            await observer.close()

    async def stop(self, how: str = "SIGQUIT") -> None:
        """End the server: SIGINT is PostgreSQL's fast shutdown, SIGQUIT its immediate one."""
        await self._kept.stop(how)

    async def start(self) -> None:
        """Start the server again, on the same port."""
        await self._kept.start()

    async def end(self) -> None:
        """Remove the server and its data."""
        await self._kept.end()


def _order(folder: Path, method: str, password: str) -> dict[str, object]:
    settings = (*SETTINGS, f"listen_addresses={HOST}", "unix_socket_directories=", "port={port}")
    data = "{folder}/data"
    return {
        "files": {"password": password},
        "prepare": [
            *(str(folder / "initdb"), "-D", data, "-U", "postgres", "-A", method, "--no-sync", "-E", "UTF8"),
            *("--no-locale", "--pwfile", "{folder}/password"),
        ],
        "run": [str(folder / "postgres"), "-D", data, *(word for setting in settings for word in ("-c", setting))],
        "ready": ("data/postmaster.pid", "ready"),
        "end": "SIGQUIT",
    }


def find(named: str | None) -> Path:
    """Return the folder with the server's programs.

    Args:
        named: the folder of ``--bridge-server-bin``, or None: PATH, ``pg_config``, where Debian has them.

    Raises:
        Inapplicable: if they are not installed.
    """
    for place in [Path(named)] if named else _places():
        if all((place / program).exists() for program in PROGRAMS):
            return place
    where = named or "PATH, by pg_config or in /usr/lib/postgresql"
    message = f"it needs a server of its own, and there is no initdb with postgres in {where} (--bridge-server-bin DIR)"
    raise Inapplicable(message)


def release(folder: Path) -> int:
    """Return the release of the server's programs."""
    command = [str(folder / "postgres"), "--version"]
    said = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    found = re.search(r"(\d+)", said.stdout)
    if found is None:
        message = f"it needs a server of its own, and {folder / 'postgres'} tells no version: {said.stderr.strip()}"
        raise Inapplicable(message)
    return int(found.group(1))


def _places() -> list[Path]:
    places = []
    on_path = shutil.which("initdb")
    if on_path:
        # Not resolved: initdb finds the rest from where it really is.
        places.append(Path(on_path).parent)
    if shutil.which("pg_config"):
        said = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=False)  # noqa: S607
        places.append(Path(said.stdout.strip() or "/nowhere"))
    installed = Path("/usr/lib/postgresql").glob("*/bin")
    return places + sorted(installed, key=lambda place: -int(re.sub(r"\D", "", place.parent.name) or 0))


_shared: list[asyncio.Task[OwnServer]] = []


async def shared(named: str | None) -> OwnServer:
    """Return the server of this worker; the first caller starts it.

    Raises:
        Inapplicable: if there is none to start.
    """
    if sys.platform == "win32":
        message = "servers of their own need a system with signals"
        raise Inapplicable(message)
    if not _shared:
        _shared.append(asyncio.get_running_loop().create_task(_begun(named)))
    # Not the task itself: a caller that is cancelled must not take the server from the others.
    return await asyncio.shield(_shared[0])


async def _begun(named: str | None) -> OwnServer:
    loop = asyncio.get_running_loop()
    folder = await loop.run_in_executor(None, find, named)
    server = OwnServer(folder, await loop.run_in_executor(None, release, folder))
    await server.begin()
    return server
