"""How does the conformance kit use the mutants? `BRIDGE_MUTANT` names the fault; without it, nothing is broken."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

import bridge_mutants

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

_T = TypeVar("_T")


def _fault() -> str | None:
    return os.environ.get("BRIDGE_MUTANT") or None


class Core:
    """Awaitables without a server."""

    def __init__(self) -> None:
        self._awaitables = bridge_mutants.Awaitables(_fault())

    def quick(self) -> Awaitable[None]:
        """None, at once."""
        return self._awaitables.quick()

    def slow(self, seconds: float) -> Awaitable[None]:
        """None, after `seconds` on Tokio's clock."""
        return self._awaitables.slow(seconds)

    def fail(self) -> Awaitable[None]:
        """Raises `MutantError`."""
        return self._awaitables.fail()

    def panic(self) -> Awaitable[None]:
        """Raises `RuntimeError`, because the work panics."""
        return self._awaitables.panic()

    def echo(self, value: _T) -> Awaitable[_T]:
        """`value` itself."""
        return self._awaitables.echo(value)

    def rows(self, n: int) -> Awaitable[list[tuple[int, str]]]:
        """`n` tuples `(i, "text i")`."""
        return self._awaitables.rows(n)

    def call(self, function: Callable[[], _T]) -> Awaitable[_T]:
        """What `function()` returns, called from Rust."""
        return self._awaitables.call(function)

    def close(self) -> None:
        """Ends all work."""
        self._awaitables.close()

    def observe_cancel(self) -> bool:
        """Whether nothing is at work in Rust any more."""
        return self._awaitables.working() == 0


class Postgres:
    """A pool and its queries."""

    placeholder = "$1"
    resets = True

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn

    def pool(self, size: int) -> bridge_mutants.Pool:
        """A pool of at most `size` connections."""
        return bridge_mutants.Pool(self._dsn, size, _fault())

    def fetch(
        self, pool: bridge_mutants.Pool | bridge_mutants.Transaction, sql: str, *parameters: str | int | None
    ) -> Awaitable[list[tuple[Any, ...]]]:
        """The rows of one statement."""
        return pool.fetch(sql, *parameters)

    def close_pool(self, pool: bridge_mutants.Pool) -> Awaitable[None]:
        """Refuses new queries and closes all connections."""
        return pool.close()

    def sqlstate(self, error: BaseException) -> str | None:
        """The server's five letters, or None."""
        return getattr(error, "sqlstate", None)

    def statistics(self, pool: bridge_mutants.Pool) -> tuple[int, int]:
        """The pool's size, and how many of its places are free."""
        return pool.status()

    @asynccontextmanager
    async def transaction(self, pool: bridge_mutants.Pool) -> AsyncIterator[bridge_mutants.Transaction]:
        """A transaction, which begins with its first query, and is rolled back after an exception."""
        transaction = pool.transaction()
        try:
            yield transaction
        except BaseException:
            # A query that was cancelled has ended its transaction already.
            with suppress(bridge_mutants.DatabaseError):
                await transaction.rollback()
            raise
        await transaction.commit()
