"""What does the server itself see? A session of the kit's own, by pg8000, which shares nothing with the driver."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import socket
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_pyo3_bridge.patience import patient
from pytest_pyo3_bridge.postgres.dsn import parse
from pytest_pyo3_bridge.trial import Inapplicable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pytest_pyo3_bridge.postgres.dsn import Dsn

T = TypeVar("T")

NAME = "pytest-pyo3-bridge"
# How long the server has for a change that the kit waits for; it takes a hundredth of that.
PATIENCE = 5.0
# How long a look at a server that may be stuck takes at most.
LOOK = 3.0

SESSIONS = """
    select pid, state, coalesce(wait_event_type, ''), coalesce(wait_event, ''), coalesce(application_name, ''),
           coalesce(usename, ''), round(extract(epoch from clock_timestamp() - query_start)::numeric, 1),
           pg_blocking_pids(pid), left(query, 300)
    from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
    order by query_start"""
LOCKS = """
    select pid, locktype, coalesce(relation::regclass::text, ''), mode, granted
    from pg_locks where pid <> pg_backend_pid() and (database is null or database =
        (select oid from pg_database where datname = current_database())) and locktype <> 'virtualxid'
    order by granted, pid limit 200"""


class Session:
    """pg8000's session on a socket of the kit's own, since pg8000 leaves one open whose server has gone away."""

    def __init__(self, native: Any, way: socket.socket) -> None:
        self._native = native
        self._way = way

    def run(self, sql: str) -> list[list[Any]] | None:
        """Run one statement, or several without parameters, and return the rows. It blocks."""
        found: list[list[Any]] | None = self._native.run(sql)
        return found

    def close(self) -> None:
        """End the session at the server, and close the socket even if the server does not answer."""
        try:
            self._native.close()
        finally:
            _shut(self._way)


def connect(dsn: Dsn, seconds: float = PATIENCE) -> Session:
    """Open a session. It blocks.

    Raises:
        Inapplicable: if pg8000 is not installed.
    """
    try:
        from pg8000 import native  # noqa: PLC0415 (an extra that core adapters do not need)
    except ImportError:
        message = "the kit's own session at the server needs pg8000: pip install 'pytest-pyo3-bridge[postgres]'"
        raise Inapplicable(message) from None
    mode = dict(dsn.options).get("sslmode", "prefer")

    def session(*, context: ssl.SSLContext | bool) -> Session:
        way = _way(dsn, seconds)
        try:
            login = {"password": dsn.password, "database": dsn.database, "application_name": NAME}
            return Session(native.Connection(dsn.user, host=dsn.host, sock=way, ssl_context=context, **login), way)
        except BaseException:
            _shut(way)
            raise

    if dsn.is_local or mode in {"disable", "allow"}:
        return session(context=False)
    try:
        return session(context=_unverified())
    except native.InterfaceError:
        if mode != "prefer":
            raise
        return session(context=False)


def _way(dsn: Dsn, seconds: float) -> socket.socket:
    """Return a socket that is connected to the server."""
    if not dsn.is_local:
        made = socket.create_connection((dsn.host, dsn.port), seconds)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return made
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        made.settimeout(seconds)
        made.connect(dsn.socket)
    except BaseException:
        made.close()
        raise
    return made


def _shut(way: socket.socket) -> None:
    """Close the descriptor itself: `close` of a socket that has a file waits for the file."""
    descriptor = way.detach()
    if descriptor >= 0:
        os.close(descriptor)


def _unverified() -> ssl.SSLContext:
    """Return what pg8000 would make, without the certificates: to read them takes 0.3 s, and none is looked at."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Observer:
    """A session that checks ask while the loop turns; opened at first use, `close` ends it."""

    def __init__(self, dsn: Dsn) -> None:
        self.dsn = dsn
        self._session: Session | None = None
        self._thread: ThreadPoolExecutor | None = None

    async def rows(self, sql: str) -> list[list[Any]]:
        """Return the rows of one statement, or of several without parameters."""
        found: list[list[Any]] = await self._in_thread(self._run, sql)
        return found

    async def value(self, sql: str) -> Any:
        """Return the first value of the first row, or None."""
        rows = await self.rows(sql)
        return rows[0][0] if rows else None

    async def until(self, sql: str, expected: object, seconds: float = PATIENCE) -> Any:
        """Ask until the answer is the expected one, or the time is over. Return the last answer."""
        return await _until(lambda: self.value(sql), lambda found: bool(found == expected), seconds)

    async def active(self, tag: str) -> list[int]:
        """Return the process ids of the sessions that run a query with this tag in its text."""
        rows = await self.rows(
            f"select pid from pg_stat_activity where state = 'active' and pid <> pg_backend_pid()"
            f" and position({literal(tag)} in query) > 0 order by pid"
        )
        return [row[0] for row in rows]

    async def until_active(self, tag: str, count: int, seconds: float = PATIENCE) -> list[int]:
        """Wait until so many sessions run a query with this tag, or the time is over. Return their process ids."""
        return await _until(lambda: self.active(tag), lambda found: len(found) == count, seconds)

    async def close(self) -> None:
        """End the session and its thread."""
        if self._thread is not None:
            await self._in_thread(self._end)
            self._thread.shutdown()
            self._thread = None

    async def _in_thread(self, function: Callable[..., Any], *arguments: Any) -> Any:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="bridge observer")
        return await asyncio.get_running_loop().run_in_executor(self._thread, function, *arguments)

    def _run(self, sql: str) -> list[list[Any]]:
        if self._session is None:
            self._session = connect(self.dsn)
        return self._session.run(sql) or []

    def _end(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            # The server may be gone, and so is the session.
            with contextlib.suppress(Exception):
                session.close()


async def _until(ask: Callable[[], Awaitable[T]], enough: Callable[[T], bool], seconds: float) -> T:
    """Ask until the answer will do, or the time is over. Return the last answer."""
    deadline = time.monotonic() + patient(seconds)
    while True:
        found = await ask()
        if enough(found) or time.monotonic() > deadline:
            return found
        await asyncio.sleep(0.02)


def literal(value: object) -> str:
    """Return a value as SQL has it."""
    return "'" + str(value).replace("'", "''") + "'"


def looker(dsn: str) -> Callable[[], str] | None:
    """Return what asks the server for its sessions and locks, as text; None where pg8000 is not installed."""
    where = parse(dsn)
    try:
        import pg8000  # noqa: F401, PLC0415 (an extra)
    except ImportError:
        return None

    def look() -> str:
        told: list[str] = []
        # A server that accepts a session and then says nothing must not hold up the incident.
        thread = threading.Thread(target=lambda: told.append(_look(where)), daemon=True, name="bridge look")
        thread.start()
        thread.join(LOOK)
        text = told[0] if told else f"the server did not answer within {LOOK:g} s"
        return text.replace(where.password, "***") if where.password else text

    return look


def _look(dsn: Dsn) -> str:
    try:
        session = connect(dsn, LOOK)
        try:
            return described(session.run(SESSIONS) or [], session.run(LOCKS) or [])
        finally:
            session.close()
    except Exception as error:  # noqa: BLE001 (it is told)
        return f"the server cannot be asked: {type(error).__name__}: {error}"


def described(sessions: list[list[Any]], locks: list[list[Any]]) -> str:
    """Return sessions and locks as text. Its first line counts them, as `incident.Evidence` reads it."""
    waiting = [session for session in sessions if session[2] == "Lock"]
    active = [session for session in sessions if session[1] == "active" and session[2] != "Lock"]
    idle = [session for session in sessions if (session[1] or "").startswith("idle")]
    lines = [f"sessions: {len(active)} active, {len(waiting)} wait for a lock, {len(idle)} idle"]
    for pid, state, kind, event, name, user, age, blockers, query in sessions:
        waits = f", waits for {kind} {event}" if kind else ""
        behind = f", behind {', '.join(str(blocker) for blocker in blockers)}" if blockers else ""
        lines.append(f"{pid} {state}, {age} s, {user}, {name or 'no name'}{waits}{behind}: {_short(query)}")
    for pid, kind, relation, mode, granted in locks:
        lines.append(f"{pid} {'has' if granted else 'waits for'} {mode} {kind} {relation}".rstrip())
    return "\n".join(lines)


def _short(query: str) -> str:
    """Return a query in one line, without the passwords that it may set."""
    line = " ".join(query.split())
    return re.sub(r"(?i)(password\s+)'[^']*'?", r"\1'***'", line)
