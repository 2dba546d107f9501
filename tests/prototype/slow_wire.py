"""What if a cancel request overtakes the query that it is for? A relay to the server that can hold queries back.

The cancel request travels on a connection of its own, so the order in which the two arrive is nobody's promise. On one
machine the query nearly always wins; the relay makes it lose.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from database import DB_CONFIG

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine


class SlowWire:
    """Relays every connection; while held, the connections that exist send nothing, and new ones do."""

    def __init__(self) -> None:
        self.port = 0
        self.accepted = 0
        self._held_below = 0
        self._moving = asyncio.Event()
        self._moving.set()
        self._tasks: set[asyncio.Task[None]] = set()

    def hold(self) -> None:
        """Keep back what the present connections send from now on."""
        self._held_below = self.accepted
        self._moving.clear()

    def release(self) -> None:
        """Send what was kept back, and go on."""
        self._moving.set()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Relay one connection in both directions until either side closes."""
        number = self.accepted
        self.accepted += 1
        from_server, to_server = await asyncio.open_connection(DB_CONFIG["host"], DB_CONFIG["port"])
        self._start(self._relay(from_server, writer, None))
        self._start(self._relay(reader, to_server, number))

    async def close(self) -> None:
        """End every relay."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, relay: Coroutine[None, None, None]) -> None:
        self._tasks.add(asyncio.ensure_future(relay))

    async def _relay(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, number: int | None) -> None:
        try:
            while data := await source.read(1 << 16):
                if number is not None and number < self._held_below:
                    await self._moving.wait()
                sink.write(data)
                await sink.drain()
        except ConnectionError:
            pass
        finally:
            sink.close()


@asynccontextmanager
async def slow_wire() -> AsyncIterator[SlowWire]:
    """Open a relay on a free port."""
    wire = SlowWire()
    server = await asyncio.start_server(wire.accept, "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        server.close()
        await wire.close()
