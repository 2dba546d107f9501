"""What does a pool send, and when? A relay to the server that a test reads, holds back and changes."""

from __future__ import annotations

import asyncio
import struct
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from pool_server import DEADLINE, SETTINGS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


@asynccontextmanager
async def relayed() -> AsyncIterator[Relay]:
    """Give a relay to the server of this run; it is gone afterwards."""
    made = Relay()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.settings = {"host": "127.0.0.1", "port": server.sockets[0].getsockname()[1]}
    try:
        yield made
    finally:
        server.close()
        for task in made.tasks:
            task.cancel()
        await asyncio.gather(*made.tasks, return_exceptions=True)


class Relay:
    """A relay between a pool and its server; ``relayed`` makes it and removes it."""

    def __init__(self) -> None:
        self.settings: dict[str, Any] = {}
        # What the pool has sent: the type of each message ("Q", "B"), and its content.
        self.sent: list[tuple[str, bytes]] = []
        # How many connections the pool has begun, and how many of them are there.
        self.begun = self.open = 0
        # How many answers wait.
        self.held = 0
        self.tasks: set[asyncio.Future[Any]] = set()
        # Answers pass while it is set.
        self.answers = asyncio.Event()
        self.answers.set()
        self.change: Callable[[bytes], bytes] = bytes

    @property
    def kinds(self) -> str:
        """Return the types of the messages that the pool has sent, a letter each."""
        return "".join(kind for kind, _ in self.sent)

    async def until_sent(self, kinds: str) -> None:
        """Wait until the pool has sent messages of these types, and no others."""
        deadline = asyncio.get_running_loop().time() + DEADLINE
        while self.kinds != kinds:
            assert asyncio.get_running_loop().time() < deadline, self.sent
            await asyncio.sleep(0.005)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Relay one connection of the pool."""
        self.begun += 1
        self.open += 1
        host = SETTINGS["host"]
        if host.startswith("/"):
            opened = await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{SETTINGS['port']}")
        else:
            opened = await asyncio.open_connection(host, SETTINGS["port"])
        ways = [self._forth(reader, opened[1]), self._back(opened[0], writer)]
        tasks = [asyncio.ensure_future(way) for way in ways]
        self.tasks.update(tasks)
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for end in (writer, opened[1]):
            end.close()
        self.open -= 1

    async def _forth(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Relay what the pool sends, message by message. Only the first message has no type."""
        try:
            kind = b""
            while True:
                head = await reader.readexactly(4)
                content = await reader.readexactly(struct.unpack("!i", head)[0] - 4)
                if kind:
                    self.sent.append((kind.decode(), content))
                content = self.change(content)
                writer.write(kind + struct.pack("!i", len(content) + 4) + content)
                kind = await reader.readexactly(1)
        except (asyncio.IncompleteReadError, ConnectionError):
            return

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while answer := await reader.read(65536):
                self.held += 1
                await self.answers.wait()
                self.held -= 1
                writer.write(answer)
        except ConnectionError:
            return
