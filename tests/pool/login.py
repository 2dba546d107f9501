"""Which credentials does a pool send? A listener asks for a password, remembers it, and refuses every login."""

from __future__ import annotations

import asyncio
import struct
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

import fraiseql
from pool_server import DEADLINE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from fraiseql import PrototypePool

# Asks for the password as a plain text.
ASK = b"R" + struct.pack("!ii", 8, 3)


@asynccontextmanager
async def listener(folder: Path | None = None, port: int = 0) -> AsyncIterator[Listener]:
    """Give a listener on a free port of this machine, or on a socket in ``folder``."""
    listens = Listener()
    if folder is None:
        server = await asyncio.start_server(listens.serve, "127.0.0.1", port)
        listens.port = server.sockets[0].getsockname()[1]
    else:
        path = folder / f".s.PGSQL.{port}"
        server = await asyncio.start_unix_server(listens.serve, str(path))
        listens.port = port
    try:
        yield listens
    finally:
        server.close()
        if folder is not None:
            path.unlink(missing_ok=True)


class Listener:
    """Remembers the last login; ``listener`` makes it."""

    def __init__(self) -> None:
        self.port = 0
        self._login: dict[str, str] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one login, and hang up."""
        try:
            startup = await reader.readexactly(struct.unpack("!i", await reader.readexactly(4))[0] - 4)
            words = startup[4:].decode().split("\0")
            self._login = dict(zip(words[::2], words[1::2]))
            writer.write(ASK)
            await reader.readexactly(1)
            content = await reader.readexactly(struct.unpack("!i", await reader.readexactly(4))[0] - 4)
            self._login["password"] = content.rstrip(b"\0").decode()
        except asyncio.IncompleteReadError:
            # The pool has no password.
            pass
        finally:
            writer.close()

    async def login(self, pool: PrototypePool) -> dict[str, str]:
        """Have ``pool`` log in, and return the user, the database and so on; and the password, if it had one."""
        self._login = {}
        with pytest.raises(fraiseql.OperationalError):
            await asyncio.wait_for(pool.health_check(), DEADLINE)
        return {name: value for name, value in self._login.items() if name}
