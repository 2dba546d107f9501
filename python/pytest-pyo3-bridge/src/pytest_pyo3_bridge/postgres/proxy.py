"""What if the way to the server is bad? A TCP proxy that cuts, half-closes, slows, silences or loses an answer."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from typing import TYPE_CHECKING, Any

from pytest_pyo3_bridge.postgres.keeper import HOST

if TYPE_CHECKING:
    from typing_extensions import Self

    from pytest_pyo3_bridge.postgres.dsn import Dsn

CHUNK = 65536
# A client's first message is its length and a code: these ask for encryption, which the proxy could not look into.
ASKS_FOR_ENCRYPTION = {80877103, 80877104}
CANCELS = 80877102


class Proxy:
    """A proxy before a server; an async context manager.

    Args:
        behind: the server.

    Attributes:
        sessions: how many sessions were begun through it.
        cancels: how many requests to cancel went through it.
        lost: how many answers it kept for itself.
        piece: how many bytes of an answer go on at once; 0 is all.
        pause: seconds before each piece.
    """

    def __init__(self, behind: Dsn) -> None:
        self.behind = behind
        self.sessions = 0
        self.cancels = 0
        self.lost = 0
        self.piece = 0
        self.pause = 0.0
        self.port = 0
        self._loses: bytes | None = None
        self._silent: set[asyncio.StreamWriter] = set()
        self._links: dict[asyncio.StreamWriter, asyncio.StreamWriter] = {}
        self._server: asyncio.AbstractServer | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def dsn(self) -> Dsn:
        """Where a driver connects to."""
        return self.behind.with_(host=HOST, port=self.port)

    async def __aenter__(self) -> Self:
        server = await asyncio.start_server(self._serve, HOST, 0)
        self.port = server.sockets[0].getsockname()[1]
        self._server = server
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Break all connections, as a network does that goes away."""
        for client, server in list(self._links.items()):
            _abort(client)
            _abort(server)

    def half_close(self) -> None:
        """End the server's half of each connection; what the client sends is still taken."""
        for client in self._links:
            self._silent.add(client)
            with contextlib.suppress(OSError, RuntimeError):
                client.write_eof()

    def silence(self) -> None:
        """Let no answer through on the connections that there are. Nothing is closed."""
        self._silent.update(self._links)

    def lose(self, answer: bytes) -> None:
        """Pass all on until the server gives this answer: keep it, and break that connection. Once."""
        self._loses = answer

    def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._link(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _link(self, from_client: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        server: asyncio.StreamWriter | None = None
        try:
            first = await self._first(from_client, client)
            from_server, server = await self._open()
            self._links[client] = server
            server.write(first)
            ways = [self._forth(from_client, server), self._back(from_server, client)]
            tasks = [asyncio.ensure_future(way) for way in ways]
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._links.pop(client, None)
            self._silent.discard(client)
            client.close()
            if server is not None:
                server.close()

    async def _first(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        """Read the head of the first message that is no question for encryption."""
        while True:
            head = await reader.readexactly(8)
            code = struct.unpack("!ii", head)[1]
            if code not in ASKS_FOR_ENCRYPTION:
                self.cancels += code == CANCELS
                self.sessions += code != CANCELS
                return head
            writer.write(b"N")

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self.behind.is_local:
            return await asyncio.open_unix_connection(self.behind.socket)
        return await asyncio.open_connection(self.behind.host, self.behind.port)

    async def _forth(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(CHUNK):
                writer.write(chunk)
                await writer.drain()

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen = b""
        with contextlib.suppress(OSError):
            while chunk := await reader.read(CHUNK):
                seen = seen[-64:] + chunk
                if self._loses is not None and self._loses in seen:
                    self._loses = None
                    self.lost += 1
                    _abort(writer)
                    return
                if writer not in self._silent:
                    await self._pass(chunk, writer)
        if writer in self._silent:
            # The server is gone, and the client is not told.
            await asyncio.Event().wait()

    async def _pass(self, chunk: bytes, writer: asyncio.StreamWriter) -> None:
        size = self.piece or len(chunk)
        for at in range(0, len(chunk), size):
            if self.pause:
                await asyncio.sleep(self.pause)
            writer.write(chunk[at : at + size])
            await writer.drain()


def _abort(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


def tag(text: str) -> bytes:
    """Return the message with which the server says that a command is done: ``COMMIT``, ``INSERT 0 1``."""
    return b"C" + struct.pack("!i", len(text) + 5) + text.encode() + b"\0"
