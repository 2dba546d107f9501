"""How does the kit reach an extension that it has never seen? A module's name in, an adapter out.

An adapter is a class of the adopting project: `Core` for any awaitable, `Postgres` for a driver. It is made anew for
each check, in a process of its own kind, so it must be importable and cheap to make.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

DEFAULT_NAME = "Adapter"


class Core(Protocol):
    """What the core checks need. Each method is called on a running loop, and returns what can be awaited.

    A class may also have these, and the checks that need them then apply:

    * ``parallel(n)``: an awaitable of ``n`` operations at once on the other side;
    * ``panic()``: an awaitable whose work panics in Rust;
    * ``observe_cancel()``: whether no work of this adapter goes on on the other side (a bool, or an awaitable of one);
    * ``echo(value)``: an awaitable of the value, brought through Rust;
    * ``rows(n)``: an awaitable of a sequence of ``n`` items that are made in Rust;
    * ``call(function)``: an awaitable of what ``function()`` returned when Rust called it;
    * ``close()``: gives back what this adapter holds (plain, or an awaitable);
    * ``unclosed``: a part of the line that the extension writes on purpose when a program ends without ``close()``.
    """

    def quick(self) -> Awaitable[object]:
        """Return an awaitable that ends at once."""
        ...

    def slow(self, seconds: float) -> Awaitable[object]:
        """Return an awaitable that takes so many seconds in Rust."""
        ...

    def fail(self) -> Awaitable[object]:
        """Return an awaitable that raises the extension's own error."""
        ...


class Postgres(Protocol):
    """What the Postgres checks need of a driver. The class is called with the DSN, a ``postgresql://`` URI.

    The core checks need no adapter of their own then: they ask ``SELECT 1``, ``pg_sleep`` and a division by zero.

    A class may also have these, and the checks that need them then apply:

    * ``placeholder``: how the first parameter is written, ``"$1"`` or ``"%s"``;
    * ``statistics(pool)``: its connections, and how many of them are idle;
    * ``transaction(pool)``: an async context manager of something that ``fetch`` takes in place of a pool, and that
      commits at its end, or rolls back after an exception;
    * ``resets``: true if a connection's session state is reset before the next caller gets it.
    """

    def pool(self, size: int) -> object:
        """Return a pool of at most so many connections, or an awaitable of one."""
        ...

    def fetch(self, pool: Any, sql: str, *parameters: object) -> Awaitable[Sequence[Sequence[object]]]:
        """Return an awaitable of the statement's rows; none for a statement without rows."""
        ...

    def close_pool(self, pool: Any) -> object:
        """Close the pool (plain, or an awaitable)."""
        ...

    def sqlstate(self, error: BaseException) -> str | None:
        """Return the five characters of the server's error, or None if the error is not the server's."""
        ...


MEMBERS = {
    "core": {
        "quick": "quick(self): an awaitable that ends at once",
        "slow": "slow(self, seconds): an awaitable that takes so many seconds in Rust",
        "fail": "fail(self): an awaitable that raises",
    },
    "postgres": {
        "pool": "pool(self, size): a pool of at most so many connections",
        "fetch": "fetch(self, pool, sql, *parameters): an awaitable of rows",
        "close_pool": "close_pool(self, pool): closes it",
        "sqlstate": "sqlstate(self, error): the five characters of the server's error, or None",
    },
}
OPTIONAL = {
    "core": ("parallel", "panic", "observe_cancel", "echo", "rows", "call", "close"),
    "postgres": ("placeholder", "statistics", "transaction", "resets"),
}


class AdapterError(Exception):
    """The adapter cannot be used. The text says what is missing, where, and what to do."""


@dataclass(frozen=True)
class Loaded:
    """An adapter's class, and what it can do.

    Attributes:
        kind: ``"core"`` or ``"postgres"``.
        capabilities: the optional members that the class has.
        make: makes an adapter; takes the DSN if the kind is ``"postgres"``.
        title: the adapter's own name, for reports.
        driver: the name and version of what it drives, as the class says it, or nothing.
    """

    kind: str
    capabilities: frozenset[str]
    make: Callable[..., Any]
    title: str
    driver: str


def load(named: str) -> Loaded:
    """Import an adapter.

    Args:
        named: ``MODULE:NAME``, ``MODULE``, ``FILE.py:NAME`` or ``FILE.py``; without a name, ``Adapter``.

    Raises:
        AdapterError: if it cannot be imported, or lacks a method.
    """
    place, name = split(named)
    module = _module(place)
    made = getattr(module, name, None)
    if made is None:
        known = ", ".join(sorted(key for key, value in vars(module).items() if inspect.isclass(value))) or "none"
        message = f"{place} has no {name}\nhint: classes there: {known}; name one with --bridge-adapter {place}:NAME"
        raise AdapterError(message)
    kind = _kind(made, f"{place}:{name}")
    has = frozenset(member for member in OPTIONAL[kind] if getattr(made, member, None))
    title = str(getattr(made, "title", "") or (name if name != DEFAULT_NAME else Path(place).stem))
    return Loaded(kind, has, made, title, str(getattr(made, "driver", "")))


def split(named: str) -> tuple[str, str]:
    """Part the module or file from the name. A Windows path has a colon of its own."""
    place, colon, name = named.rpartition(":")
    if colon and name.isidentifier() and len(place) > 1:
        return place, name
    return named, DEFAULT_NAME


def _module(place: str) -> Any:
    path = Path(place)
    is_file = path.suffix == ".py"
    if is_file and not path.is_file():
        message = f"{place}: there is no such file\nhint: a path is taken from where pytest was started"
        raise AdapterError(message)
    try:
        return _of_file(path) if is_file else importlib.import_module(place)
    except Exception as error:
        message = f"{place}: the adapter cannot be imported: {type(error).__name__}: {error}"
        raise AdapterError(message) from error


def _of_file(path: Path) -> Any:
    # As for a script, what stands beside the file can be imported by it.
    beside = str(path.resolve().parent)
    if beside not in sys.path:
        sys.path.insert(0, beside)
    return importlib.import_module(path.stem)


def _kind(made: Any, where: str) -> str:
    """Tell which protocol the class means: the one of which it has more."""
    lacks = {
        kind: [name for name in members if not callable(getattr(made, name, None))] for kind, members in MEMBERS.items()
    }
    for kind in ("postgres", "core"):
        if not lacks[kind]:
            return kind
    meant = "postgres" if len(lacks["postgres"]) < len(MEMBERS["postgres"]) else "core"
    missing = "\n".join(f"  {MEMBERS[meant][name]}" for name in lacks[meant])
    message = f"{where} is no {meant} adapter; it lacks\n{missing}\nhint: pytest_pyo3_bridge.{meant.title()} says more"
    raise AdapterError(message)
