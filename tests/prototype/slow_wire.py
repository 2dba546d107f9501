"""What if a cancel request overtakes the query that it is for? A relay to the server that can hold queries back.

The cancel request travels on a connection of its own, so either of the two may arrive first. On one machine the query
nearly always arrives first; with the relay it arrives second.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from database import DB_CONFIG

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    End = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class SlowWire:
    """Relays every connection. While it holds, the existing connections send nothing, but new ones do."""

    def __init__(self, host: str, port: int) -> None:
        self.port = 0
        self.accepted = 0
        self._target = (host, port)
        self._held_below = 0
        self._moving = asyncio.Event()
        self._moving.set()
        self._tasks: set[asyncio.Task[None]] = set()

    def hold(self) -> None:
        """Hold back all bytes that the existing connections send from now on."""
        self._held_below = self.accepted
        self._moving.clear()

    def release(self) -> None:
        """Send the bytes that were held back, and go on."""
        self._moving.set()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Relay one connection in both directions until both sides have ended."""
        number = self.accepted
        self.accepted += 1
        from_server, to_server = await asyncio.open_connection(*self._target)
        self._tasks.add(asyncio.ensure_future(self._relay(number, (reader, writer), (from_server, to_server))))

    async def close(self) -> None:
        """End every relay."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _relay(self, number: int, client: End, server: End) -> None:
        try:
            await asyncio.gather(self._pass_on(client[0], server[1], number), self._pass_on(server[0], client[1], None))
        finally:
            client[1].close()
            server[1].close()

    async def _pass_on(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, number: int | None) -> None:
        """Pass on all bytes, then the end of this direction; the other direction may still send.

        A client that asks for a cancellation closes its own side at once. When the server closes the other side, the
        client knows that the server has sent the signal.
        """
        with suppress(ConnectionError):
            while data := await source.read(1 << 16):
                if number is not None and number < self._held_below:
                    await self._moving.wait()
                sink.write(data)
                await sink.drain()
        with suppress(OSError):
            sink.write_eof()


@asynccontextmanager
async def slow_wire(host: str = DB_CONFIG["host"], port: int = DB_CONFIG["port"]) -> AsyncIterator[SlowWire]:
    """Open a relay to a server, the cell's own by default, on a free port."""
    wire = SlowWire(host, port)
    server = await asyncio.start_server(wire.accept, "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        server.close()
        await wire.close()
