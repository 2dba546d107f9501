"""How does a driver meet a PgBouncer in transaction mode? One of the kit's own stands before a server."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from pytest_pyo3_bridge.postgres.keeper import HOST
from pytest_pyo3_bridge.postgres.kept import Kept
from pytest_pyo3_bridge.trial import Inapplicable

if TYPE_CHECKING:
    from typing_extensions import Self

    from pytest_pyo3_bridge.postgres.dsn import Dsn

PLACES = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
CONFIGURATION = """[databases]
{database} = host={host} port={port_behind} dbname={database} user={user}{password}
[pgbouncer]
listen_addr = {here}
listen_port = {{port}}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {size}
ignore_startup_parameters = extra_float_digits,options,application_name
"""


class Bouncer:
    """A PgBouncer before a server.

    Args:
        behind: the server.
        size: how many sessions it has there.
    """

    def __init__(self, behind: Dsn, size: int) -> None:
        program = shutil.which("pgbouncer", path=PLACES)
        if program is None:
            message = "pgbouncer is not installed"
            raise Inapplicable(message)
        if behind.is_local or any(sign in f"{behind.password}{behind.user}{behind.database}" for sign in " '\"\n"):
            message = "PgBouncer's file cannot name this server"
            raise Inapplicable(message)
        self.behind = behind
        self.configuration = CONFIGURATION.format(
            host=behind.host,
            port_behind=behind.port,
            database=behind.database,
            user=behind.user,
            # PgBouncer takes no empty value.
            password=f" password={behind.password}" if behind.password else "",
            here=HOST,
            size=size,
        )
        self._kept = Kept(
            {"files": {"bouncer.ini": self.configuration}, "prepare": [], "run": [program, "{folder}/bouncer.ini"]}
            | {"ready": None, "end": "SIGTERM"}
        )

    @property
    def dsn(self) -> Dsn:
        """Where a driver connects to."""
        return self.behind.with_(host=HOST, port=self._kept.port)

    async def __aenter__(self) -> Self:
        await self._kept.begin()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._kept.end()
