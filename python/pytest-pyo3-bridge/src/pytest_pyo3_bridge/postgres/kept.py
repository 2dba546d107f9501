"""How does a worker use a program that a keeper holds? Orders in JSON lines, an answer each."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from pytest_pyo3_bridge import boot
from pytest_pyo3_bridge.trial import Inapplicable

# A little more than the keeper itself waits.
PATIENCE = 45.0


class Kept:
    """A program with a keeper.

    Args:
        order: as `keeper.Keeper` takes it.

    Attributes:
        port: where the program listens.
        folder: with all that it writes.
    """

    def __init__(self, order: dict[str, Any]) -> None:
        self.order = order
        self.port = 0
        self.folder = ""
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    async def begin(self) -> None:
        """Start the keeper and the program.

        Raises:
            Inapplicable: if the program does not start.
        """
        self._process = await asyncio.create_subprocess_exec(
            *boot.command("postgres.keeper"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=boot.environment(),
            start_new_session=True,
        )
        self._send(self.order)
        self.folder = (await self._do(do="prepare"))["folder"]
        await self.start()

    async def start(self) -> None:
        """Start the program, and wait until it is ready."""
        self.port = (await self._do(do="start"))["port"]

    async def stop(self, how: str) -> None:
        """End the program by a signal, such as ``SIGQUIT``."""
        await self._do(do="stop", how=how)

    async def end(self) -> None:
        """End the program and its keeper, and remove what they wrote."""
        process, self._process = self._process, None
        if process is not None:
            assert process.stdin is not None
            process.stdin.close()
            await process.wait()

    async def _do(self, **order: Any) -> dict[str, Any]:
        async with self._turn:
            self._send(order)
            assert self._process is not None
            assert self._process.stdout is not None
            line = await asyncio.wait_for(self._process.stdout.readline(), PATIENCE)
        answer: dict[str, Any] = json.loads(line or b'{"failed": "its keeper ended"}')
        if "failed" in answer:
            message = f"no server of its own: {self.order['run'][0]} did not start: {answer['failed']}"
            raise Inapplicable(message)
        return answer

    def _send(self, order: dict[str, Any]) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
