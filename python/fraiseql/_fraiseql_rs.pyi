"""An asyncio pool of PostgreSQL connections, written in Rust."""

from asyncio import Future
from collections.abc import Awaitable, Iterable, Iterator
from typing import Any, Literal, TypedDict, final, overload

from typing_extensions import TypeAlias, Unpack

__all__ = [
    "Acquiring",
    "AuthenticationError",
    "CannotConnectError",
    "CheckViolationError",
    "Connection",
    "ConnectionLostError",
    "DataError",
    "DatabaseError",
    "DeadlockDetectedError",
    "DivisionByZeroError",
    "DuplicateObjectError",
    "DuplicateTableError",
    "Error",
    "ExclusionViolationError",
    "ForeignKeyViolationError",
    "InsufficientPrivilegeError",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "Interval",
    "InvalidDatetimeFormatError",
    "InvalidTextRepresentationError",
    "LockNotAvailableError",
    "NotNullViolationError",
    "NotSupportedError",
    "NumericValueOutOfRangeError",
    "OperationalError",
    "PoolClosedError",
    "PoolTimeoutError",
    "PostgresSyntaxError",
    "ProgrammingError",
    "PrototypePool",
    "QueryCanceledError",
    "Range",
    "ReadOnlySQLTransactionError",
    "Record",
    "SerializationError",
    "ServerShutdownError",
    "StringDataRightTruncationError",
    "TooManyConnectionsError",
    "Transaction",
    "UndefinedColumnError",
    "UndefinedFunctionError",
    "UndefinedObjectError",
    "UndefinedTableError",
    "UniqueViolationError",
    "UnknownDatabaseError",
    "_record",
    "build_info",
]

_Bridge: TypeAlias = Literal["future_into_py", "completion_queue", "loop_native"]
_Reset: TypeAlias = Literal["auto", "always", "never"]
_Isolation: TypeAlias = Literal["serializable", "repeatable_read", "read_committed", "read_uncommitted"]

def _record(names: tuple[str, ...], positions: dict[str, int], values: tuple[object, ...], /) -> Record:
    """Make a ``Record`` from its pickle."""

def build_info() -> dict[str, str]:
    """Return the versions that this module was compiled from, by name.

    Returns:
        ``pyo3``, ``pyo3_async_runtimes``, ``tokio``, ``tokio_postgres``, ``deadpool_postgres`` and ``rustc``;
        ``profile`` (cargo's), ``python_abi`` (the headers compiled against, such as ``cp312`` or ``abi3``) and ``line``
        (the PyO3 line, such as ``0.30``).
    """

class _Keywords(TypedDict, total=False):
    database: str
    host: str
    port: int
    username: str
    password: str | None
    max_connections: int
    min_connections: int
    application_name: str
    server_settings: dict[str, str] | None
    connect_timeout: float
    acquire_timeout: float | None
    max_idle_time: float | None
    max_lifetime: float | None
    statement_cache_size: int
    reset: _Reset
    bridge: _Bridge

@final
class PrototypePool:
    """An asyncio pool of connections to one PostgreSQL database.

    Connections are opened when they are first needed. Their sessions run in UTC. Each statement runs by itself, on
    whichever connection is free, and commits by itself. So BEGIN, COMMIT, SAVEPOINT and the other statements about
    transactions are refused: ``acquire`` gives a connection for several statements and for transactions. The pool
    works on any event loop and from several at once; ``async with`` closes it at the end. A PgBouncer in between lets
    its sessions in with ``ignore_startup_parameters = bytea_output, extra_float_digits, array_nulls``.

    The methods that return an awaitable begin at once and share these rules. Cancelling the awaitable stops the query
    on the server, and its connection serves others only when it is clean. Each raises ``RuntimeError`` where no event
    loop runs or in a process forked after the pool was first used, ``PoolClosedError`` after ``close()``, and
    ``InternalError`` for a panic in the extension, which is a bug.

    Args:
        database: The database to connect to.
        host: A name, an address, or a folder with the server's Unix socket.
        port: The server's TCP port, or the number in its socket's name.
        username: The role to log in as.
        password: Its password; None if the server asks for none.
        max_connections: The most connections that are open at a time, from 1 to 10,000.
        min_connections: How many connections are opened in the background at the first use of the pool or at ``async
            with``, and stay open although they are idle. ``max_lifetime`` replaces them.
        application_name: The name of the sessions in the server's lists and logs.
        server_settings: Settings that each session starts with, such as ``{"search_path": "app"}``. Those that the
            pool relies on are refused here, and wrong ones by the server at the first query.
        connect_timeout: Seconds from dialling to a usable session, else ``CannotConnectError``.
        acquire_timeout: Seconds that a query waits for a free connection, else ``PoolTimeoutError``; None is no limit.
        max_idle_time: Seconds after which an unused connection is closed; None is never.
        max_lifetime: Seconds after which a connection is not given out again; None is never.
        statement_cache_size: How many statements each connection keeps prepared; 0 keeps none.
        statement_cache_bytes: How many bytes of SQL these statements have together; None is no limit.
        max_cacheable_statement_size: Bytes of SQL that a kept statement has at most; a longer one is prepared for each
            use, and the server then forgets it. None is no limit.
        reset: After which statements a session is put back into its first state, in front of the next one and in the
            same round trip. ``"always"``: each; the guarantee. ``"auto"``: all but SELECT, INSERT, UPDATE, DELETE,
            MERGE, WITH, VALUES, TABLE and SHOW, and those that name ``set_config``, ``advisory``, ``pg_settings`` or
            INTO TEMP; it cannot see into functions and triggers. ``"never"``: none, as for a PgBouncer in transaction
            mode.
        bridge: How a result comes to asyncio. ``"loop_native"``: the loop's own thread reads the sockets.
            ``"completion_queue"``: Tokio's thread reads, and wakes the loop once for many results.
            ``"future_into_py"``: as pyo3-async-runtimes does it; also where the running loop cannot watch sockets.

    Raises:
        ValueError: An argument is out of range. Nothing is dialled here, so no error of the server's can occur.
        OverflowError: An int is negative, or more than a machine's word holds.
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
        min_connections: int = 0,
        application_name: str = "fraiseql",
        server_settings: dict[str, str] | None = None,
        connect_timeout: float = 10.0,
        acquire_timeout: float | None = 30.0,
        max_idle_time: float | None = 600.0,
        max_lifetime: float | None = 3600.0,
        statement_cache_size: int = 256,
        statement_cache_bytes: int | None = 1_048_576,
        max_cacheable_statement_size: int | None = 15_360,
        reset: _Reset = "auto",
        bridge: _Bridge = "loop_native",
    ) -> PrototypePool: ...
    @classmethod
    def from_dsn(cls, dsn: str = "", **keywords: Unpack[_Keywords]) -> PrototypePool:
        """Make a pool from a connection string, and from libpq's environment where that says nothing.

        A keyword wins over the string, the string over the variables PGHOST, PGHOSTADDR, PGPORT, PGUSER, PGPASSWORD,
        PGDATABASE, PGAPPNAME, PGOPTIONS and PGCONNECT_TIMEOUT, and these over the defaults of the class. Without a
        database it is the one that has the role's name. A password that nothing gives is looked up in the file of
        PGPASSFILE, or in ``~/.pgpass``, which only its owner may read.

        Args:
            dsn: ``postgresql://user:password@host:port/database?option=value``, or pairs such as ``host=a dbname=b``.
            keywords: Arguments of the class, by name.

        Raises:
            ValueError: The string cannot be read, it or a variable asks for TLS (``sslmode=require``), several hosts or
                another thing that the pool does not offer, or an argument is out of range.
            TypeError: The class has no such keyword.
        """

    def execute_query(self, sql: str, params: Iterable[object] | None = None) -> Future[list[str]]:
        """Run ``sql`` and return its rows, each as the text of a JSON object (column name to value).

        A result of a single ``json`` or ``jsonb`` column gives that column's values themselves. The text is what
        PostgreSQL's ``row_to_json`` gives. A row without a type of its own (``record``) is refused, for its columns'
        names are not sent; ``to_json()`` in the query makes a document of it.

        Args:
            sql: One statement, with ``$1``, ``$2`` and so on where parameters belong.
            params: A sequence of the parameters; see ``fetch``.

        Returns:
            An awaitable of a list of texts, empty for a statement without rows.

        Raises:
            TypeError: ``params`` is not a sequence.
            Error: As ``fetch`` does.
        """

    def fetch(self, sql: str, *params: object) -> Future[list[Record]]:
        """Run ``sql`` and return its rows as a list of ``Record``.

        Args:
            sql: One statement, with ``$1``, ``$2`` and so on where parameters belong.
            params: A value for each of them, of the Python type that the same column would give, or None for null.
                A tuple is a row for a composite type, and a list elsewhere. A bool is also an int.

        Returns:
            An awaitable of a list of records, empty for a statement without rows.

        Raises:
            InterfaceError: There are more or fewer parameters than the statement has, or it is about transactions.
            DataError: A parameter does not fit its type, or a column's type has no converter; the message names it.
            ProgrammingError: Syntax, names or privileges are wrong.
            IntegrityError: A constraint was violated.
            NotSupportedError: The server does not offer what was asked for, or it is COPY, which the pool does not.
            QueryCanceledError: Another session, or a timeout of the server's, stopped the query.
            CannotConnectError: No session within ``connect_timeout`` seconds: refused, unknown host, no answer.
            AuthenticationError: The server did not accept the credentials.
            UnknownDatabaseError: The server has no such database.
            PoolTimeoutError: No connection became free within ``acquire_timeout`` seconds.
            ConnectionLostError: The connection went away during the query; whether it took effect is unknown.
            ServerShutdownError: The server ended the session to stop or restart.
            Error: Whatever else the server reports, as the subclass of its SQLSTATE.
        """

    def fetchrow(self, sql: str, *params: object) -> Future[Record | None]:
        """Run ``sql`` and return its first row.

        Args:
            sql: One statement, as for ``fetch``.
            params: Its parameters, as for ``fetch``.

        Returns:
            An awaitable of a ``Record``, or of None if there is no row.

        Raises:
            Error: As ``fetch`` does.
        """

    def fetchval(self, sql: str, *params: object) -> Future[Any]:
        """Run ``sql`` and return the first value of its first row.

        Args:
            sql: One statement, as for ``fetch``.
            params: Its parameters, as for ``fetch``.

        Returns:
            An awaitable of the value, or of None if there is no row.

        Raises:
            Error: As ``fetch`` does.
        """

    def execute(self, sql: str, *params: object) -> Future[int]:
        """Run ``sql`` and return how many rows it returned or touched.

        Args:
            sql: One statement, as for ``fetch``.
            params: Its parameters, as for ``fetch``.

        Returns:
            An awaitable of the count in the server's command tag, 0 for a statement that has none.

        Raises:
            Error: As ``fetch`` does.
        """

    def acquire(self) -> Acquiring:
        """Return a connection for ``async with``, which holds it for several statements.

        Returns:
            An asynchronous context manager that gives a ``Connection``. At its end the connection goes back to the
            pool, what is still open in it is rolled back, and what was changed in its session is reset in front of
            its next use.

        Raises:
            Error: On entering, no connection could be had; as ``fetch`` does.
        """

    def health_check(self) -> Future[bool]:
        """Ask the server for an answer.

        Returns:
            An awaitable of True.

        Raises:
            Error: No connection or no answer could be had; as ``fetch`` does.
        """

    def close(self) -> Future[None]:
        """Close the pool: refuse new queries with ``PoolClosedError``, let running ones end, close all connections.

        To stop running queries instead, cancel their awaitables first. A closed pool may be closed again.

        Returns:
            An awaitable of None, done when no connection is left.
        """

    def __aenter__(self) -> Future[PrototypePool]: ...
    def __aexit__(self, *_exception: object) -> Future[None]: ...
    def stats(self) -> str:
        """Return a short text with the total and the available connections."""

    def pool_status(self) -> dict[str, Any]:
        """Return the figures of the pool by name.

        Returns:
            ``size`` (open connections), ``available`` (idle ones), ``in_use``, ``waiting`` (queries without a
            connection), ``max_size``, ``closed``, ``bridge`` (the way that the last result took from Rust to
            asyncio) and ``bridge_requested``, another where the running loop does not allow it.
        """

@final
class Record:
    """A row of a result.

    Its values by position (``row[0]``, ``row[1:]``) and by column name (``row["id"]``); iterable; equal to a tuple of
    the same values. ``dict(row)`` gives names and values. Subscripting raises ``IndexError`` for a position outside the
    row, ``KeyError`` for an unknown name and ``TypeError`` for any other key. A record can be pickled and copied.
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
        """Return the value of a column, by name.

        Args:
            name: The column's name.
            default: What to return if there is no such column.
        """

@final
class Interval:
    """A time span of months, days and microseconds, each counted by itself, as PostgreSQL has it.

    An interval without months comes as a ``datetime.timedelta``; both are parameters for ``interval``.

    Args:
        months: Months; twelve are a year.
        days: Days, which are not always 24 hours.
        microseconds: Microseconds.

    Raises:
        OverflowError: A part is beyond PostgreSQL's range.
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

    Args:
        lower: The lower bound, or None where there is none.
        upper: The upper bound, or None where there is none.
        bounds: Whether each bound belongs to the range: ``[`` or ``(``, then ``]`` or ``)``.
        empty: Whether the range holds nothing, whatever the bounds.

    Raises:
        ValueError: ``bounds`` is none of ``[)``, ``[]``, ``(]`` and ``()``.
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

@final
class Acquiring:
    """A connection that is going to be held, for ``async with``; see ``PrototypePool.acquire``."""

    def __aenter__(self) -> Awaitable[Connection]: ...
    def __aexit__(self, *_exception: object) -> Future[None]: ...

@final
class Connection:
    """A connection of the pool, for several statements of one caller.

    ``async with pool.acquire() as connection`` gives one. Its statements run in one session, in the order in which
    they were called, and what they change in it, such as a setting or a temporary table, holds until the connection
    is given back. Cancelling an awaitable stops its statement, and the connection goes on with the next one. A
    statement is sent once: if the connection is lost, that is an error for it and for all later ones.
    """

    def execute_query(self, sql: str, params: Iterable[object] | None = None) -> Future[list[str]]:
        """Run ``sql`` in this session and return its rows, each as the text of a JSON object.

        Args:
            sql: One statement, as for ``PrototypePool.execute_query``.
            params: A sequence of the parameters, likewise.

        Returns:
            An awaitable of a list of texts.

        Raises:
            TypeError: ``params`` is not a sequence.
            Error: As ``PrototypePool.execute_query`` does, and once the connection is lost or was given back.
        """

    def fetch(self, sql: str, *params: object) -> Future[list[Record]]:
        """Run ``sql`` in this session and return its rows as a list of ``Record``.

        Args:
            sql: One statement, as for ``PrototypePool.fetch``.
            params: Its parameters, likewise.

        Returns:
            An awaitable of a list of records.

        Raises:
            Error: As ``PrototypePool.fetch`` does, and once the connection is lost or was given back.
        """

    def fetchrow(self, sql: str, *params: object) -> Future[Record | None]:
        """Run ``sql`` in this session and return its first row.

        Args:
            sql: One statement, as for ``PrototypePool.fetchrow``.
            params: Its parameters, likewise.

        Returns:
            An awaitable of a ``Record``, or of None if there is no row.

        Raises:
            Error: As ``PrototypePool.fetchrow`` does, and once the connection is lost or was given back.
        """

    def fetchval(self, sql: str, *params: object) -> Future[Any]:
        """Run ``sql`` in this session and return the first value of its first row.

        Args:
            sql: One statement, as for ``PrototypePool.fetchval``.
            params: Its parameters, likewise.

        Returns:
            An awaitable of the value, or of None if there is no row.

        Raises:
            Error: As ``PrototypePool.fetchval`` does, and once the connection is lost or was given back.
        """

    def execute(self, sql: str, *params: object) -> Future[int]:
        """Run ``sql`` in this session and return how many rows it returned or touched.

        Args:
            sql: One statement, as for ``PrototypePool.execute``.
            params: Its parameters, likewise.

        Returns:
            An awaitable of the count.

        Raises:
            Error: As ``PrototypePool.execute`` does, and once the connection is lost or was given back.
        """

    def transaction(
        self, *, isolation: _Isolation | None = None, readonly: bool = False, deferrable: bool = False
    ) -> Transaction:
        """Return a transaction for ``async with``.

        It is committed where the block ends, and rolled back where an exception or a cancellation leaves it. One inside
        another is a savepoint. It can be entered once.

        Args:
            isolation: ``"serializable"``, ``"repeatable_read"``, ``"read_committed"`` or ``"read_uncommitted"``; None
                is the session's default.
            readonly: Whether it may only read.
            deferrable: Whether a serializable read-only one may wait at its begin, so that it never fails later.

        Raises:
            ValueError: There is no such isolation level.
        """

@final
class Transaction:
    """A transaction on a connection, for ``async with``; see ``Connection.transaction``."""

    def __aenter__(self) -> Awaitable[None]: ...
    def __aexit__(self, exception: object = None, *_details: object) -> Future[None]: ...

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
    """The server or the pool does not offer what was asked for."""

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

class NotNullViolationError(IntegrityError):
    """A column that needs a value got none."""

class ForeignKeyViolationError(IntegrityError):
    """A row refers to one that does not exist, or is referred to."""

class UniqueViolationError(IntegrityError):
    """A row with that key exists already."""

class CheckViolationError(IntegrityError):
    """A value is not what a check constraint allows."""

class ExclusionViolationError(IntegrityError):
    """A row conflicts with another one, as an exclusion constraint says."""

class SerializationError(OperationalError):
    """A concurrent transaction was in the way: run this one again."""

class DeadlockDetectedError(OperationalError):
    """Transactions waited for each other, and the server ended this one."""

class TooManyConnectionsError(OperationalError):
    """The server takes no further connection."""

class LockNotAvailableError(OperationalError):
    """A lock was not to be had at once, or in time."""

class StringDataRightTruncationError(DataError):
    """A text is too long for its column."""

class NumericValueOutOfRangeError(DataError):
    """A number is too large or too small for its type."""

class InvalidDatetimeFormatError(DataError):
    """A text is no date or time."""

class DivisionByZeroError(DataError):
    """Something was divided by zero."""

class InvalidTextRepresentationError(DataError):
    """A text is no value of its type."""

class InsufficientPrivilegeError(ProgrammingError):
    """The role may not do that."""

class PostgresSyntaxError(ProgrammingError):
    """The statement is not SQL as the server knows it."""

class UndefinedColumnError(ProgrammingError):
    """There is no such column."""

class UndefinedObjectError(ProgrammingError):
    """There is no such type, role or other object."""

class UndefinedFunctionError(ProgrammingError):
    """There is no such function or operator for these types."""

class UndefinedTableError(ProgrammingError):
    """There is no such table or view."""

class DuplicateTableError(ProgrammingError):
    """A table or view of that name exists already."""

class DuplicateObjectError(ProgrammingError):
    """An object of that name exists already."""

class ReadOnlySQLTransactionError(InternalError):
    """The transaction may only read."""
