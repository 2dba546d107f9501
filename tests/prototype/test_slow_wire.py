"""Is the relay honest? A client of the relay sees exactly what a client of the server sees."""

from __future__ import annotations

import asyncio

from slow_wire import slow_wire


async def test_a_client_that_has_said_all_is_told_of_the_end_only_when_the_server_ends() -> None:
    done: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.read()
        # As long as a busy server takes to send the signal.
        await asyncio.sleep(0.1)
        done.append(asked.decode())
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with slow_wire(*server.sockets[0].getsockname()) as wire:
        reader, writer = await asyncio.open_connection("127.0.0.1", wire.port)
        writer.write(b"cancel")
        writer.write_eof()
        assert await asyncio.wait_for(reader.read(), 10) == b""
        assert done == ["cancel"]
        writer.close()
    server.close()
