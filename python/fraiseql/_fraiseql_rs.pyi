"""An asyncio pool of PostgreSQL connections, written in Rust."""

from asyncio import Future
from collections.abc import Iterable, Iterator
from typing import Any, Literal, TypeAlias, final, overload

__all__ = [
    "AuthenticationError",
    "CannotConnectError",
    "ConnectionLostError",
    "DataError",
    "DatabaseError",
    "Error",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "Interval",
    "NotSupportedError",
    "OperationalError",
    "PoolClosedError",
    "PoolTimeoutError",
    "ProgrammingError",
    "PrototypePool",
    "QueryCanceledError",
    "Range",
    "Record",
    "ServerShutdownError",
    "UnknownDatabaseError",
    "_panic",
    "build_info",
]

_Bridge: TypeAlias = Literal["future_into_py", "completion_queue", "loop_native"]

def _panic(stage: Literal["work", "answer"], bridge: _Bridge = "future_into_py") -> Future[None]:
    """Return an awaitable whose Rust side panics, for tests.

    It panics while it works (``"work"``) or while its answer becomes a Python object (``"answer"``).
    """

def build_info() -> dict[str, str]:
    """Versions that this module was compiled from, by name.

    Keys: ``pyo3``, ``pyo3_async_runtimes``, ``tokio``, ``tokio_postgres``, ``deadpool_postgres``, ``rustc``,
    ``profile`` (cargo's), ``python_abi`` (the headers compiled against, such as ``cp312`` or ``abi3``) and ``line``
    (the PyO3 line, such as ``0.30``).
    """

@final
class PrototypePool:
    """An asyncio pool of connections to one PostgreSQL database.

    ``host`` is a name, an address, or a folder with the server's Unix socket. Connections are opened when they are
    first needed, at most ``max_connections`` of them. Their sessions run in UTC. Times are in seconds, and None means
    no limit:

    - ``connect_timeout``: from dialling to a usable session, else ``CannotConnectError``;
    - ``acquire_timeout``: how long a query waits for a free connection, else ``PoolTimeoutError``;
    - ``max_idle_time``, ``max_lifetime``: after which an idle connection is closed.

    ``statement_cache_size`` is how many statements each connection keeps prepared.

    ``bridge`` is the way of a result to asyncio: ``"loop_native"`` (the loop's own thread reads the sockets),
    ``"completion_queue"`` (Tokio's thread reads, the loop's resolves) or ``"future_into_py"`` (that of
    pyo3-async-runtimes, which also stands in where the running loop cannot watch sockets).

    The pool works on any event loop and from several at once; every query runs by itself, on whichever connection is
    free, and a transaction that a query leaves open is rolled back. Cancelling an awaitable stops the query on the
    server. ``async with`` closes the pool at the end. Raises ``ValueError`` for an argument out of range.
    """

    def __new__(
        cls,
        database: str,
        host: str = "localhost",
        port: int = 5432,
        username: str = "postgres",
        password: str | None = None,
        max_connections: int = 10,
        *,
        connect_timeout: float = 10.0,
        acquire_timeout: float | None = 30.0,
        max_idle_time: float | None = 600.0,
        max_lifetime: float | None = 3600.0,
        statement_cache_size: int = 256,
        bridge: _Bridge = "loop_native",
    ) -> PrototypePool: ...
    def execute_query(self, sql: str, params: Iterable[object] | None = None) -> Future[list[str]]:
        """Run ``sql`` and return its rows, each as the text of a JSON object (column name to value).

        A result of a single ``json`` or ``jsonb`` column gives that column's values themselves. The text is what
        PostgreSQL's ``row_to_json`` gives. ``params`` is a sequence for ``$1``, ``$2`` and so on; see ``fetch``.
        """

    def fetch(self, sql: str, *params: object) -> Future[list[Record]]:
        """Run ``sql`` with ``params`` for ``$1``, ``$2`` and so on, and return its rows as a list of ``Record``.

        Raises a subclass of ``Error``: what the server reports, ``DataError`` for a parameter or a column that cannot
        be converted, ``InterfaceError`` for a wrong number of parameters.
        """

    def fetchrow(self, sql: str, *params: object) -> Future[Record | None]:
        """Run ``sql`` like ``fetch`` and return its first row as a ``Record``, or None without rows."""

    def fetchval(self, sql: str, *params: object) -> Future[Any]:
        """Run ``sql`` like ``fetch`` and return the first value of its first row, or None without rows."""

    def execute(self, sql: str, *params: object) -> Future[int]:
        """Run ``sql`` like ``fetch`` and return the number of rows that it returned or touched."""

    def health_check(self) -> Future[bool]:
        """Return True if the server answers a query."""

    def close(self) -> Future[None]:
        """Close the pool: refuse new queries with ``PoolClosedError``, let running ones end, close all connections.

        To stop running queries instead, cancel their awaitables first. A closed pool may be closed again.
        """

    def __aenter__(self) -> Future[PrototypePool]: ...
    def __aexit__(self, *_exception: object) -> Future[None]: ...
    def stats(self) -> str:
        """Return a short text with the total and the available connections."""

    def pool_status(self) -> dict[str, Any]:
        """Return the figures of the pool by name.

        ``size`` (open connections), ``available`` (idle ones), ``in_use``, ``waiting`` (queries without a
        connection), ``max_size``, ``closed``, ``bridge`` (the way that the last result took from Rust to asyncio) and
        ``bridge_requested``, which is another where the running loop does not allow it.
        """

@final
class Record:
    """A row of a result.

    Its values by position (``row[0]``, ``row[1:]``) and by column name (``row["id"]``); iterable; equal to a tuple of
    the same values. ``dict(row)`` gives names and values.
    """

    @overload
    def __getitem__(self, key: int | str, /) -> Any: ...
    @overload
    def __getitem__(self, key: slice, /) -> tuple[Any, ...]: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Any]: ...
    def __contains__(self, value: object, /) -> bool: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __lt__(self, other: Record | tuple[Any, ...], /) -> bool: ...
    def __le__(self, other: Record | tuple[Any, ...], /) -> bool: ...
    def __gt__(self, other: Record | tuple[Any, ...], /) -> bool: ...
    def __ge__(self, other: Record | tuple[Any, ...], /) -> bool: ...
    def __hash__(self) -> int: ...
    def keys(self) -> tuple[str, ...]:
        """Return the column names, in order."""

    def values(self) -> tuple[Any, ...]:
        """Return the values, in order."""

    def items(self) -> tuple[tuple[str, Any], ...]:
        """Return pairs of column name and value, in order."""

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of the column ``name``, or ``default`` if there is no such column."""

@final
class Interval:
    """A time span of months, days and microseconds, each counted by itself, as PostgreSQL has it.

    An interval without months comes as a ``datetime.timedelta``; both are parameters for ``interval``. Raises
    ``OverflowError`` for parts beyond PostgreSQL's range.
    """

    def __new__(cls, months: int = 0, days: int = 0, microseconds: int = 0) -> Interval: ...
    @property
    def months(self) -> int:
        """Months; twelve are a year."""

    @property
    def days(self) -> int:
        """Days, which are not always 24 hours."""

    @property
    def microseconds(self) -> int:
        """Microseconds."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Range:
    """A range of values, as PostgreSQL has them.

    ``lower`` and ``upper`` are the bounds, None where there is none; ``bounds`` says with ``[`` or ``(``, ``]`` or
    ``)`` whether each belongs to the range. ``Range(empty=True)`` holds nothing.
    """

    def __new__(
        cls, lower: object = None, upper: object = None, bounds: str = "[)", *, empty: bool = False
    ) -> Range: ...
    @property
    def lower(self) -> Any:
        """The lower bound, or None."""

    @property
    def upper(self) -> Any:
        """The upper bound, or None."""

    @property
    def lower_inc(self) -> bool:
        """Whether the lower bound belongs to the range."""

    @property
    def upper_inc(self) -> bool:
        """Whether the upper bound belongs to the range."""

    @property
    def isempty(self) -> bool:
        """Whether the range holds nothing."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

class Error(Exception):
    """The base of every error of this module.

    The attributes are None unless the server reported them; see "Error and Notice Message Fields" in PostgreSQL's
    documentation.
    """

    sqlstate: str | None
    detail: str | None
    hint: str | None
    position: int | None
    constraint_name: str | None
    schema_name: str | None
    table_name: str | None
    column_name: str | None
    context: str | None

class InterfaceError(Error):
    """The pool was used in a way that it does not allow."""

class PoolClosedError(InterfaceError):
    """The pool is closed."""

class DatabaseError(Error):
    """The base of errors that concern the database."""

class DataError(DatabaseError):
    """A value is out of range or cannot be converted."""

class OperationalError(DatabaseError):
    """The server or the way to it has a problem."""

class IntegrityError(DatabaseError):
    """A constraint of the database was violated."""

class InternalError(DatabaseError):
    """The server or the driver is in a state it should not be."""

class ProgrammingError(DatabaseError):
    """The query is wrong: syntax, names, privileges."""

class NotSupportedError(DatabaseError):
    """The server does not offer what was asked for."""

class CannotConnectError(OperationalError):
    """No session: refused, unknown host, timeout."""

class AuthenticationError(OperationalError):
    """The server did not accept the credentials."""

class UnknownDatabaseError(OperationalError):
    """The server has no database of that name."""

class ConnectionLostError(OperationalError):
    """The connection went away during a query."""

class ServerShutdownError(OperationalError):
    """The server ended the session to stop or restart."""

class QueryCanceledError(OperationalError):
    """The server stopped the query: timeout or cancel."""

class PoolTimeoutError(OperationalError):
    """No connection became free in time."""
