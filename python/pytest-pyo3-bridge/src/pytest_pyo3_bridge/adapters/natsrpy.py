"""How does the kit use natsrpy? Through a client that connects at its first call to NATS_URL, with JetStream there."""

from __future__ import annotations

import asyncio
import contextlib
import os
from importlib.metadata import version
from typing import Any

from natsrpy import Nats, exceptions
from natsrpy.js import StorageType, StreamConfig

# A stream takes what is sent there and never answers.
SILENCE = StreamConfig("bridge", ["bridge.silence"], no_ack=True, max_messages=1, storage=StorageType.MEMORY)


class Adapter:
    """natsrpy with one client; its requests are the work."""

    title = "natsrpy"
    driver = f"natsrpy {version('natsrpy')}"
    unclosed = "NATS session was not closed"
    client: Any = None
    starting: asyncio.Task[None] | None = None

    async def quick(self) -> None:
        """Send what waits to be sent."""
        await (await self._started()).flush()

    async def slow(self, seconds: float) -> None:
        """Wait for an answer that never comes."""
        with contextlib.suppress(exceptions.NatsrpyBaseError):
            await (await self._started()).request("bridge.silence", timeout=seconds)

    async def fail(self) -> None:
        """Ask where nobody listens."""
        await (await self._started()).request("bridge.nobody", timeout=1)

    async def close(self) -> None:
        """Close the client, also one that still connects."""
        if self.starting or self.client:
            await (await self._started()).shutdown()

    async def _started(self) -> Any:
        # Shielded: a caller that is cancelled must not take the client from the others.
        if self.client is None:
            self.starting = self.starting or asyncio.ensure_future(self._start())
            await asyncio.shield(self.starting)
        return self.client

    async def _start(self) -> None:
        try:
            client = Nats([os.environ.get("NATS_URL", "nats://127.0.0.1:4222")])
            await client.startup()
            await (await client.jetstream()).streams.create_or_update(SILENCE)
            self.client = client
        finally:
            self.starting = None
