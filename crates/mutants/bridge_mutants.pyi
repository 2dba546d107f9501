"""An asyncio bridge and a Postgres pool that break on demand.

Each class takes the id of a fault, which breaks one thing in otherwise clean code; see `faults()`. All awaitables are
made on a running event loop: without one, a call raises `RuntimeError`.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, final

_T = TypeVar("_T")

__all__ = ["Awaitables", "BareMutantError", "DatabaseError", "MutantError", "Pool", "Transaction", "faults"]

class MutantError(ValueError):
    """What `Awaitables.fail()` raises. Its `__cause__` is a `ValueError`."""

class BareMutantError(BaseException):
    """What `Awaitables.fail()` raises with the fault `bare-base-exception`."""

class DatabaseError(Exception):
    """What a `Pool` raises."""

    sqlstate: str | None
    """The server's five letters, or None if the server did not answer."""

def faults() -> dict[str, str]:
    """Each fault's id, and one sentence on what it breaks."""

@final
class Awaitables:
    """Awaitables of work in Rust."""

    def __new__(cls, fault: str | None = None) -> Awaitables:
        """Raises `ValueError`, which lists the faults, for one that is unknown."""

    @property
    def fault(self) -> str | None:
        """The id of the fault, or None."""

    def quick(self) -> Awaitable[None]:
        """None, at once."""

    def slow(self, seconds: float) -> Awaitable[None]:
        """None, after `seconds` on Tokio's clock."""

    def fail(self) -> Awaitable[None]:
        """Raises `MutantError`."""

    def panic(self) -> Awaitable[None]:
        """Raises `RuntimeError`, because the work panics."""

    def echo(self, value: _T) -> Awaitable[_T]:
        """`value` itself."""

    def rows(self, n: int) -> Awaitable[list[tuple[int, str]]]:
        """`n` tuples `(i, "text i")`."""

    def call(self, function: Callable[[], _T]) -> Awaitable[_T]:
        """What `function()` returns, which the work calls on a thread of its own."""

    def working(self) -> int:
        """How many operations of this object are at work in Rust now."""

    def close(self) -> None:
        """Ends all work: whoever awaits it gets a `RuntimeError`, and so does each later call."""

@final
class Pool:
    """A pool of at most `size` connections, each opened when it is needed."""

    def __new__(cls, dsn: str, size: int, fault: str | None = None) -> Pool:
        """Takes a URL or libpq's `key=value` words. Raises `ValueError` for a wrong DSN, size or fault."""

    @property
    def fault(self) -> str | None:
        """The id of the fault, or None."""

    def fetch(self, sql: str, *parameters: float | str | None) -> Awaitable[list[tuple[Any, ...]]]:
        """The rows of one statement. Raises `DatabaseError`, also for a statement that would begin a transaction.

        A parameter is None, a bool, an int of 64 bits, a float or a str; the server infers its type.
        int, float, bool, text and NULL come as Python's own, and an enum as a str; all others have to be cast to text.
        """

    def transaction(self) -> Transaction:
        """A transaction, which begins with its first query."""

    def status(self) -> tuple[int, int]:
        """The pool's size, and how many of its places are free. A place is free again once its session is reset."""

    def working(self) -> int:
        """How many operations of this object are at work in Rust now."""

    def close(self) -> Awaitable[None]:
        """Refuses new queries, and waits up to five seconds for connections in use."""

@final
class Transaction:
    """A transaction of a `Pool`. Dropped before `commit()`, it is rolled back; a cancelled query ends it as well."""

    def fetch(self, sql: str, *parameters: float | str | None) -> Awaitable[list[tuple[Any, ...]]]:
        """The rows of one statement."""

    def commit(self) -> Awaitable[None]:
        """Makes the changes last. A `DatabaseError` with the SQLSTATE 08007 says that the outcome is unknown."""

    def rollback(self) -> Awaitable[None]:
        """Undoes the changes."""
