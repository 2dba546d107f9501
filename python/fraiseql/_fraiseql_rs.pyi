"""An asyncio pool of PostgreSQL connections, written in Rust."""

from asyncio import Future
from typing import final

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
    first needed, at most ``max_connections`` of them. Their sessions run in UTC.
    """

    def __new__(
        cls,
        database: str,
        host: str = "localhost",
        port: int = 5432,
        username: str = "postgres",
        password: str | None = None,
        max_connections: int = 10,
    ) -> PrototypePool: ...
    def execute_query(self, sql: str) -> Future[list[str]]:
        """Run ``sql`` and return its rows, each as the text of a JSON object (column name to value).

        A result of a single ``json`` or ``jsonb`` column gives that column's values themselves.
        """

    def health_check(self) -> Future[bool]:
        """Return True if the server answers a query."""

    def stats(self) -> str:
        """Return a short text with the total and the available connections."""

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
