"""Where is a server, and who asks? A `postgresql://` URI in, its parts and other URIs out."""

from __future__ import annotations

import getpass
import os
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from pytest_pyo3_bridge.adapter import AdapterError

PORT = 5432
EXAMPLE = "postgresql://user:password@localhost:5432/database"


@dataclass(frozen=True)
class Dsn:
    """A connection string, with libpq's variables where it says nothing.

    Attributes:
        host: a name or an address; a path is the folder of a Unix socket.
        port: of the server.
        user: the role.
        password: None if there is none.
        database: its name.
        options: what stands behind the question mark, as it is.
    """

    host: str
    port: int
    user: str
    password: str | None
    database: str
    options: tuple[tuple[str, str], ...] = ()

    @property
    def is_local(self) -> bool:
        """Whether the way to the server is a Unix socket."""
        return self.host.startswith("/")

    @property
    def socket(self) -> str:
        """Return the path of the Unix socket."""
        return f"{self.host}/.s.PGSQL.{self.port}"

    def with_(self, **parts: Any) -> Dsn:
        """Return another one that differs in these parts."""
        return replace(self, **parts)

    def __str__(self) -> str:
        user = quote(self.user, safe="")
        password = "" if self.password is None else ":" + quote(self.password, safe="")
        host = quote(self.host, safe="") if self.is_local else f"[{self.host}]" if ":" in self.host else self.host
        options = f"?{urlencode(self.options)}" if self.options else ""
        return f"postgresql://{user}{password}@{host}:{self.port}/{quote(self.database, safe='')}{options}"

    def __repr__(self) -> str:
        return f"Dsn({self.with_(password=None)})"


def parse(text: str) -> Dsn:
    """Read a URI.

    Raises:
        AdapterError: if it is none.
    """
    parts = urlsplit(text)
    if parts.scheme not in {"postgresql", "postgres"}:
        message = f"--bridge-dsn takes a postgresql:// URI, such as {EXAMPLE}, and not {parts.scheme or 'pairs'}:…"
        raise AdapterError(message)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    user = options.pop("user", None) or _part(parts.username) or os.environ.get("PGUSER") or getpass.getuser()
    password = options.pop("password", None) or _part(parts.password) or os.environ.get("PGPASSWORD")
    host = options.pop("host", None) or _part(parts.hostname) or os.environ.get("PGHOST") or "localhost"
    port = int(options.pop("port", 0) or parts.port or os.environ.get("PGPORT") or PORT)
    database = options.pop("dbname", None) or unquote(parts.path[1:]) or os.environ.get("PGDATABASE") or user
    return Dsn(host, port, user, password, database, tuple(options.items()))


def _part(text: str | None) -> str | None:
    return None if text is None else unquote(text)
