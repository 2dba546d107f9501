"""What if the server's bytes came in other pieces, or changed? They pass through a proxy that does it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from pool_server import SETTINGS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    # Takes the bytes that the server sent next, and gives the pieces in which the client gets them.
    Alter = Callable[[bytes], Iterator[bytes]]


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter, alter: Alter) -> None:
    try:
        while chunk := await source.read(65536):
            for piece in alter(chunk):
                sink.write(piece)
                await sink.drain()
                await asyncio.sleep(0)
        # The other way stays open: a client that asks for a cancellation ends its own, and waits for the server's end.
        sink.write_eof()
    except OSError:
        # One side has gone; the other one is told so.
        sink.close()


@asynccontextmanager
async def wire(make_alter: Callable[[], Alter]) -> AsyncIterator[int]:
    """Give the port of a proxy to the server of the run. Each connection has an ``alter`` of its own."""

    async def serve(from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection(SETTINGS["host"], SETTINGS["port"])
        try:
            await asyncio.gather(
                _pump(from_client, to_server, lambda chunk: iter([chunk])),
                _pump(from_server, to_client, make_alter()),
            )
        finally:
            to_server.close()
            to_client.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def cut(size: int) -> Alter:
    """Cut everything into pieces of so many bytes."""
    return lambda chunk: (chunk[at : at + size] for at in range(0, len(chunk), size))


class Messages:
    """Passes each message on as a subclass changes it."""

    def __init__(self) -> None:
        self._rest = b""

    def __call__(self, chunk: bytes) -> Iterator[bytes]:
        self._rest += chunk
        changed = b""
        while len(self._rest) >= 5 and len(self._rest) > (length := int.from_bytes(self._rest[1:5], "big")):
            message, self._rest = self._rest[: 1 + length], self._rest[1 + length :]
            changed += self.change(message)
        # In one piece, as the rows came: a run of them is read together.
        yield changed

    def change(self, message: bytes) -> bytes:
        """Return what comes instead of a message."""
        raise NotImplementedError


class SpoilRows(Messages):
    """Spoils each row but the first of an answer: it gets a column that the result does not have."""

    def __init__(self) -> None:
        super().__init__()
        self._rows = 0

    def change(self, message: bytes) -> bytes:
        if message[:1] != b"D":
            self._rows = 0
            return message
        self._rows += 1
        if self._rows == 1:
            return message
        columns = int.from_bytes(message[5:7], "big") + 1
        length = int.from_bytes(message[1:5], "big") + 4
        return b"D" + length.to_bytes(4, "big") + columns.to_bytes(2, "big") + message[7:] + b"\xff" * 4


class LengthenValues(Messages):
    """Says of the last value of each row that it is a byte longer than it is. Values are shorter than 256 bytes."""

    def change(self, message: bytes) -> bytes:
        if message[:1] != b"D":
            return message
        columns, at = int.from_bytes(message[5:7], "big"), 7
        for _ in range(columns - 1):
            at += 4 + int.from_bytes(message[at : at + 4], "big")
        return message[: at + 3] + bytes([message[at + 3] + 1]) + message[at + 4 :]
