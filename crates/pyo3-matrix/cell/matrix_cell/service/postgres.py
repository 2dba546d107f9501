"""Which Postgres do the PG* variables of this cell lead to? The server itself is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matrix_cell.unobservable import UnobservableError

if TYPE_CHECKING:
    from collections.abc import Mapping


def observe(settings: Mapping[str, Any], requested: str) -> tuple[str, str]:
    """Return the major and the whole version, such as ("16", "16.14")."""
    del settings, requested
    number, text = server_version()
    # Debian adds its package's version in brackets; the first word is Postgres's own.
    return str(number // 10_000), text.split()[0]


def server_version() -> tuple[int, str]:
    """Ask the server of the PG* variables: (server_version_num, server_version)."""
    try:
        import psycopg  # noqa: PLC0415  a cell without a server has no need of it
    except ImportError as error:
        message = (
            f"cannot ask the server for its version: {error}\n  hint: add psycopg[binary] to the cell's requirements"
        )
        raise UnobservableError(message) from error
    try:
        with psycopg.connect(connect_timeout=10, autocommit=True) as connection:
            number = connection.execute("SHOW server_version_num").fetchone()
            text = connection.execute("SHOW server_version").fetchone()
    except psycopg.Error as error:
        message = f"cannot ask the server for its version: {error}"
        raise UnobservableError(message) from error
    if number is None or text is None:
        message = "the server gave no version"
        raise UnobservableError(message)
    return int(number[0]), str(text[0])
