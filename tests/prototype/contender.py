"""Who takes part in the long comparison? Every bridge of the pool, and other drivers' pools, in their own ways.

Each pool has the same size. Some pools do more than the query by default: psycopg opens a transaction, asyncpg resets
the session. Such a pool takes part twice: with its defaults, and with this extra work switched off.
"""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol

from psycopg_pool import AsyncConnectionPool, ConnectionPool

from database import DB_CONFIG, conninfo
from driver import POOL_SIZE
from fraiseql._fraiseql_rs import PrototypePool

if TYPE_CHECKING:
    from collections.abc import Sequence

BRIDGES = ("future_into_py", "completion_queue", "loop_native")
# The contenders with which the others are compared.
PSYCOPG = "psycopg"
ASYNCPG = "asyncpg, no reset"


class Contender(Protocol):
    """A pool that answers queries in its own way."""

    name: str
    settings: str

    async def open(self) -> None:
        """Connect; what it costs is not measured."""

    async def fetch(self, sql: str) -> Sequence[Any]:
        """Run a query and return its rows as the driver's Python objects."""

    async def fetch_json(self, sql: str) -> Sequence[str]:
        """Run a query and return its rows as JSON texts."""

    async def execute(self, sql: str) -> None:
        """Run a statement for its effect."""

    async def close(self) -> None:
        """Disconnect."""


class Bridge:
    """The pool under test over one of its bridges."""

    def __init__(self, bridge: str) -> None:
        self.name = bridge
        self.settings = f'PrototypePool(bridge="{bridge}"), autocommit, rows as Record, JSON from Rust'

    async def open(self) -> None:
        """Fill the pool, and check that it uses the requested bridge."""
        self._pool = PrototypePool(**{**DB_CONFIG, "max_connections": POOL_SIZE, "bridge": self.name})
        await asyncio.gather(*(self._pool.execute("SELECT pg_sleep(0.05)") for _ in range(POOL_SIZE)))
        assert self._pool.pool_status()["bridge"] == self.name

    async def fetch(self, sql: str) -> Sequence[Any]:
        """Ask for records."""
        return await self._pool.fetch(sql)

    async def fetch_json(self, sql: str) -> Sequence[str]:
        """Ask for texts."""
        return await self._pool.execute_query(sql)

    async def execute(self, sql: str) -> None:
        """Ask for the count."""
        await self._pool.execute(sql)

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.close()


class PsycopgAsync:
    """psycopg's asyncio pool."""

    def __init__(self, name: str, *, autocommit: bool) -> None:
        self.name = name
        around = "autocommit" if autocommit else "a transaction around every query (its default)"
        self.settings = f"AsyncConnectionPool, {around}, rows as tuples, JSON by json.dumps"
        self._kwargs = {**conninfo(), "autocommit": autocommit}

    async def open(self) -> None:
        """Fill the pool."""
        self._pool = AsyncConnectionPool(kwargs=self._kwargs, min_size=POOL_SIZE, max_size=POOL_SIZE, open=False)
        await self._pool.open(wait=True)

    async def fetch(self, sql: str) -> Sequence[Any]:
        """Borrow a connection for one query."""
        async with self._pool.connection() as connection:
            return await (await connection.execute(sql.encode())).fetchall()

    async def fetch_json(self, sql: str) -> Sequence[str]:
        """Make the texts from rows and the columns' names."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(sql.encode())
            names = [column.name for column in cursor.description or ()]
            return [_dumps(dict(zip(names, row))) for row in await cursor.fetchall()]

    async def execute(self, sql: str) -> None:
        """Borrow a connection for one statement."""
        async with self._pool.connection() as connection:
            await connection.execute(sql.encode())

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.close()


class PsycopgThreads:
    """The document's fallback if the bridge fails: blocking calls on threads, and asyncio waits for the thread."""

    name = "threads (psycopg)"
    settings = f"psycopg's blocking ConnectionPool on {POOL_SIZE} threads, autocommit, JSON by json.dumps"

    async def open(self) -> None:
        """Fill the pool."""
        kwargs = {**conninfo(), "autocommit": True}
        self._pool = ConnectionPool(kwargs=kwargs, min_size=POOL_SIZE, max_size=POOL_SIZE, open=False)
        self._threads = ThreadPoolExecutor(POOL_SIZE)
        await self._run(lambda: self._pool.open(wait=True))

    async def fetch(self, sql: str) -> Sequence[Any]:
        """Block a thread for one query."""

        def ask() -> Sequence[Any]:
            with self._pool.connection() as connection:
                return connection.execute(sql.encode()).fetchall()

        rows: Sequence[Any] = await self._run(ask)
        return rows

    async def fetch_json(self, sql: str) -> Sequence[str]:
        """Make the texts on the thread."""

        def ask() -> Sequence[str]:
            with self._pool.connection() as connection:
                cursor = connection.execute(sql.encode())
                names = [column.name for column in cursor.description or ()]
                return [_dumps(dict(zip(names, row))) for row in cursor.fetchall()]

        texts: Sequence[str] = await self._run(ask)
        return texts

    async def execute(self, sql: str) -> None:
        """Block a thread for one statement."""

        def ask() -> None:
            with self._pool.connection() as connection:
                connection.execute(sql.encode())

        await self._run(ask)

    async def close(self) -> None:
        """Close every connection, and end the threads."""
        await self._run(self._pool.close)
        self._threads.shutdown()

    async def _run(self, work: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


class Asyncpg:
    """asyncpg's pool."""

    def __init__(self, name: str, *, reset: bool) -> None:
        self.name = name
        around = "the session reset after every query (its default)" if reset else "no reset of the session"
        self.settings = f"asyncpg.create_pool, autocommit, {around}, rows as Record, JSON by json.dumps"
        self._reset = reset

    async def open(self) -> None:
        """Fill the pool."""
        import asyncpg  # noqa: PLC0415 (it may be absent)

        async def leave(_: object) -> None:
            """Leave the session as it is."""

        place = conninfo()
        place["database"] = place.pop("dbname")
        without = {} if self._reset else {"reset": leave}
        self._pool = await asyncpg.create_pool(**place, min_size=POOL_SIZE, max_size=POOL_SIZE, **without)

    async def fetch(self, sql: str) -> Sequence[Any]:
        """Ask the pool."""
        rows: Sequence[Any] = await self._pool.fetch(sql)
        return rows

    async def fetch_json(self, sql: str) -> Sequence[str]:
        """Make the texts from records."""
        return [_dumps(dict(row)) for row in await self._pool.fetch(sql)]

    async def execute(self, sql: str) -> None:
        """Ask the pool."""
        await self._pool.execute(sql)

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.close()


class Psqlpy:
    """psqlpy's pool, which is also written in Rust."""

    name = "psqlpy"
    settings = "psqlpy.ConnectionPool, autocommit, rows as dict, JSON by json.dumps"

    async def open(self) -> None:
        """Make the pool, which connects on demand."""
        import psqlpy  # noqa: PLC0415 (it may be absent)

        place = conninfo()
        place.update(username=place.pop("user"), db_name=place.pop("dbname"))
        self._pool = psqlpy.ConnectionPool(**place, max_db_pool_size=POOL_SIZE)

    async def fetch(self, sql: str) -> Sequence[Any]:
        """Borrow a connection for one query."""
        async with self._pool.acquire() as connection:
            rows: Sequence[Any] = (await connection.execute(sql)).result()
            return rows

    async def fetch_json(self, sql: str) -> Sequence[str]:
        """Make the texts from dicts."""
        return [_dumps(row) for row in await self.fetch(sql)]

    async def execute(self, sql: str) -> None:
        """Borrow a connection for one statement."""
        async with self._pool.acquire() as connection:
            await connection.execute(sql)

    async def close(self) -> None:
        """Close every connection."""
        self._pool.close()


def contenders() -> tuple[list[Contender], list[str]]:
    """Return the contenders whose packages are installed, and the names of the missing packages."""
    found: list[Contender] = [Bridge(bridge) for bridge in BRIDGES]
    found += [PsycopgAsync(PSYCOPG, autocommit=False), PsycopgAsync("psycopg, autocommit", autocommit=True)]
    if find_spec("asyncpg"):
        found += [Asyncpg("asyncpg", reset=True), Asyncpg(ASYNCPG, reset=False)]
    if find_spec("psqlpy"):
        found.append(Psqlpy())
    found.append(PsycopgThreads())
    return found, [name for name in ("asyncpg", "psqlpy") if not find_spec(name)]


def _dumps(row: dict[str, Any]) -> str:
    # A timestamp or a Decimal becomes a string here; any text form is good enough.
    return json.dumps(row, default=str)
