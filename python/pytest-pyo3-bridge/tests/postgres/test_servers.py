"""Do the kit's own server and proxy do what a check relies on, and is nothing left of them?"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from pytest_pyo3_bridge import resources
from pytest_pyo3_bridge.adapter import Loaded
from pytest_pyo3_bridge.postgres import own
from pytest_pyo3_bridge.postgres.as_core import AsCore
from pytest_pyo3_bridge.postgres.driver import failure
from pytest_pyo3_bridge.postgres.dsn import parse
from pytest_pyo3_bridge.postgres.observer import Session, connect
from pytest_pyo3_bridge.postgres.proxy import Proxy, tag
from pytest_pyo3_bridge.postgres.server import Bench
from pytest_pyo3_bridge.trial import Inapplicable

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

T = TypeVar("T")
SOURCES = Path(__file__).resolve().parents[2] / "src"


class Adapter:
    """A driver of a few lines: pg8000 in threads."""

    def __init__(self, dsn: str) -> None:
        self.dsn = parse(dsn)
        self.opened = 0

    async def pool(self, size: int) -> asyncio.Queue[Any]:
        """Fill a queue with places for sessions, which are opened at first use."""
        self.opened += 1
        pool: asyncio.Queue[Any] = asyncio.Queue()
        for _ in range(size):
            pool.put_nowait(None)
        return pool

    async def fetch(self, pool: asyncio.Queue[Any], sql: str) -> Any:
        """Run a statement in a thread."""
        session = await pool.get()
        loop = asyncio.get_running_loop()
        try:
            session = session or await loop.run_in_executor(None, connect, self.dsn)
            return await loop.run_in_executor(None, session.run, sql) or []
        finally:
            pool.put_nowait(session)

    async def close_pool(self, pool: asyncio.Queue[Any]) -> None:
        """End the sessions."""
        while not pool.empty():
            session = pool.get_nowait()
            if session is not None:
                # One whose connection was cut cannot say goodbye.
                with contextlib.suppress(Exception):
                    session.close()

    def sqlstate(self, error: BaseException) -> str | None:
        """The server's error is a dictionary."""
        found = error.args[0] if error.args else None
        return found.get("C") if isinstance(found, dict) else None


class Turned:
    """A loop that a module's tests share, with the server that lives on it."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.server = self.run(self._begun())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run to the end."""
        return self.loop.run_until_complete(asyncio.wait_for(work, 60))

    async def _begun(self) -> own.OwnServer:
        folder = own.find(None)
        server = own.OwnServer(folder, own.release(folder))
        await server.begin()
        return server

    def end(self) -> None:
        """Remove the server."""
        self.run(self.server.end())
        self.loop.close()


@pytest.fixture(scope="session")
def turned() -> Iterator[Turned]:
    pytest.importorskip("pg8000", reason="the extra postgres is not installed")
    try:
        made = Turned()
    except Inapplicable as reason:
        pytest.skip(str(reason))
    yield made
    made.end()


LOADED = Loaded("postgres", frozenset(), Adapter, "subject", "")


@pytest.fixture
def bench(turned: Turned) -> Iterator[Bench]:
    made = Bench(LOADED, str(turned.server.dsn), None)
    yield made
    turned.run(made.release())


def test_the_role_of_the_server_may_make_tables_and_is_no_superuser(turned: Turned, bench: Bench) -> None:
    async def asked() -> list[Any]:
        table = await bench.site.table("a int")
        rows = await bench.observer.rows(f"select current_setting('is_superuser'), '{table}'::regclass::text")
        await bench.release()
        return [*rows[0], await bench.observer.value(f"select to_regclass('{table}')")]

    superuser, table, afterwards = turned.run(asked())
    assert superuser == "off"
    assert table.startswith("bridge_")
    assert afterwards is None


def test_the_server_asks_for_a_password(turned: Turned, bench: Bench) -> None:
    site = bench.at(turned.server.dsn.with_(password="wrong"))  # noqa: S106 (that is the point)

    async def asked() -> BaseException | None:
        async with site.pool(1) as pool:
            return await failure(pool.fetch("select 1"))

    error = turned.run(asked())
    assert error is not None
    assert site.sqlstate(error) == "28P01"


def test_the_server_can_be_killed_and_started_on_its_port(turned: Turned, bench: Bench) -> None:
    async def struck() -> bool:
        assert await bench.observer.value("select 1") == 1
        await bench.observer.close()
        await turned.server.stop("SIGQUIT")
        gone = await failure(bench.observer.rows("select 1"))
        await turned.server.start()
        return gone is not None and await bench.observer.value("select 1") == 1

    assert turned.run(struck())


def test_a_proxy_passes_cuts_and_loses(turned: Turned, bench: Bench) -> None:
    async def proxied() -> tuple[Proxy, BaseException | None, BaseException | None, int]:
        table = await bench.site.table("a int")
        async with bench.proxied() as (proxy, site):
            async with site.pool(1) as pool:
                assert await pool.value("select 7") == 7
                proxy.cut()
                cut = await failure(pool.fetch("select 1"))
            async with site.pool(1) as pool:
                proxy.lose(tag("INSERT 0 1"))
                lost = await failure(pool.fetch(f"insert into {table} values (1)"))
            rows = await bench.observer.until(f"select count(*) from {table}", 1)
        return proxy, cut, lost, rows

    proxy, cut, lost, rows = turned.run(proxied())
    assert cut is not None
    assert lost is not None
    assert (proxy.lost, rows, proxy.sessions) == (1, 1, 2)


def test_a_slow_wire_changes_no_byte(turned: Turned, bench: Bench) -> None:
    async def slow() -> Any:
        async with bench.proxied() as (proxy, site), site.pool(1) as pool:
            proxy.piece = 3
            return await pool.rows("select g, repeat('é', g) from generate_series(1, 20) as g")

    assert turned.run(slow()) == [(number, "é" * number) for number in range(1, 21)]


def test_no_socket_is_left_where_the_server_resets_the_connection(turned: Turned) -> None:
    errors: list[BaseException] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def reset() -> None:
            accepted, _ = listening.accept()
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            accepted.close()

        thread = threading.Thread(target=reset)
        thread.start()
        before = resources.counts()["file_descriptors"]
        try:
            connect(turned.server.dsn.with_(host="127.0.0.1", port=listening.getsockname()[1]))
        except OSError as error:
            # As long as the error lives, its traceback keeps what was made.
            errors.append(error)
        thread.join()
        assert resources.counts()["file_descriptors"] == before
    assert len(errors) == 1


def test_a_session_closes_its_socket_where_nobody_hears_the_goodbye(turned: Turned, bench: Bench) -> None:
    async def cut() -> tuple[Session, int]:
        before = resources.counts()["file_descriptors"]
        async with bench.proxied() as (proxy, site):
            session = await asyncio.get_running_loop().run_in_executor(None, connect, site.dsn)
            proxy.cut()
            await asyncio.sleep(0.1)
            errors.append(await failure(asyncio.get_running_loop().run_in_executor(None, session.run, "select 1")))
            errors.append(await failure(asyncio.get_running_loop().run_in_executor(None, session.close)))
        return session, resources.counts()["file_descriptors"] - before

    errors: list[BaseException | None] = []
    session, left = turned.run(cut())
    assert left == 0
    assert None not in errors
    del session


def test_nothing_is_found_in_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(Inapplicable, match="--bridge-server-bin DIR"):
        own.find(str(tmp_path))


KILLED = """
import asyncio, sys
from pytest_pyo3_bridge.postgres.own import shared

async def main():
    server = await shared(None)
    print(server.folder, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="it needs signals")
def test_a_killed_worker_leaves_no_server(turned: Turned) -> None:
    del turned  # only where a server can be started
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(SOURCES), *sys.path])}
    with subprocess.Popen(  # noqa: S603 (the tests' own Python)
        [sys.executable, "-c", KILLED], stdout=subprocess.PIPE, text=True, env=environment, start_new_session=True
    ) as worker:
        assert worker.stdout is not None
        folder = Path(worker.stdout.readline().strip())
        assert (folder / "data").is_dir()
        os.killpg(worker.pid, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not folder.exists()


def test_as_core_opens_its_pool_once_and_at_first_use(turned: Turned) -> None:
    adapter = Adapter(str(turned.server.dsn))
    core = AsCore(adapter, str(turned.server.dsn))
    assert adapter.opened == 0

    async def used() -> list[Any]:
        await asyncio.gather(*(core.quick() for _ in range(20)))
        found = [
            await core.echo(1 << 40),
            await core.echo("it's"),
            len(await core.rows(3)),
            len(await core.parallel(4)),
        ]
        assert type(await failure(core.fail())).__name__ == "DatabaseError"
        work = asyncio.ensure_future(core.slow(1.0))
        await asyncio.sleep(0.4)
        seen = [await core.observe_cancel()]
        await work
        seen.append(await core.observe_cancel())
        await core.close()
        return [*found, *seen]

    assert turned.run(used()) == [1 << 40, "it's", 3, 4, False, True]
    assert adapter.opened == 1
