"""Which Postgres do the PG* variables of this cell lead to? The server itself is asked."""

from __future__ import annotations

import contextlib
import getpass
import os
from typing import TYPE_CHECKING, Any

from matrix_cell.unobservable import UnobservableError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NUMBER = "SHOW server_version_num"
TEXT = "SHOW server_version"
# Without a limit a server that does not answer would hold the cell until the wall clock outside ends it. In seconds.
PATIENCE = 10


def observe(settings: Mapping[str, Any], requested: str) -> tuple[str, str]:
    """Return the major and the whole version, such as ("16", "16.14")."""
    del settings, requested
    number, text = server_version()
    # Debian adds its package's version in brackets; the first word is Postgres's own.
    return str(number // 10_000), text.split()[0]


def server_version() -> tuple[int, str]:
    """Ask the server of the PG* variables: (server_version_num, server_version).

    psycopg asks, which knows all that libpq does. Where it cannot be imported, as on a free-threaded Python without
    libpq, pg8000 does.

    Raises:
        UnobservableError: if neither driver is there, or the server does not answer.
    """
    try:
        number, text = _asked_by_psycopg()
    except ImportError as error:
        try:
            number, text = _asked_by_pg8000()
        except ImportError:
            message = (
                f"cannot ask the server for its version: {error}\n"
                "  hint: add psycopg[binary] or pg8000 to the cell's requirements"
            )
            raise UnobservableError(message) from error
    if number is None or text is None:
        message = "the server gave no version"
        raise UnobservableError(message)
    return int(number[0]), str(text[0])


def _asked_by_psycopg() -> tuple[Sequence[Any] | None, Sequence[Any] | None]:
    import psycopg  # noqa: PLC0415  a cell without a server has no need of it

    try:
        with psycopg.connect(connect_timeout=PATIENCE, autocommit=True) as connection:
            return connection.execute(NUMBER).fetchone(), connection.execute(TEXT).fetchone()
    except psycopg.Error as error:
        message = f"cannot ask the server for its version: {error}"
        raise UnobservableError(message) from error


def _asked_by_pg8000() -> tuple[Sequence[Any] | None, Sequence[Any] | None]:
    from pg8000 import native  # noqa: PLC0415

    said = os.environ
    try:
        connection = native.Connection(
            said.get("PGUSER") or getpass.getuser(),
            host=said.get("PGHOST", "localhost"),
            port=int(said.get("PGPORT", "5432")),
            database=said.get("PGDATABASE"),
            password=said.get("PGPASSWORD"),
            timeout=PATIENCE,
        )
        with contextlib.closing(connection):
            number, text = (connection.run(question) or [None] for question in (NUMBER, TEXT))
            return number[0], text[0]
    except (native.Error, OSError) as error:
        message = f"cannot ask the server for its version: {error}"
        raise UnobservableError(message) from error
