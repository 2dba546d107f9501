"""How does the conformance kit use the mutants? `BRIDGE_MUTANT` names the fault; without it, nothing is broken."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import bridge_mutants

_T = TypeVar("_T")


def _fault() -> str | None:
    return os.environ.get("BRIDGE_MUTANT") or None


class Core:
    """Awaitables without a server."""

    def __init__(self) -> None:
        self._awaitables = bridge_mutants.Awaitables(_fault())

    def quick(self) -> Awaitable[None]:
        return self._awaitables.quick()

    def slow(self, seconds: float) -> Awaitable[None]:
        return self._awaitables.slow(seconds)

    def fail(self) -> Awaitable[None]:
        return self._awaitables.fail()

    def panic(self) -> Awaitable[None]:
        return self._awaitables.panic()

    def echo(self, value: _T) -> Awaitable[_T]:
        return self._awaitables.echo(value)

    def rows(self, n: int) -> Awaitable[list[tuple[int, str]]]:
        return self._awaitables.rows(n)

    def call(self, function: Callable[[], _T]) -> Awaitable[_T]:
        return self._awaitables.call(function)

    def close(self) -> None:
        self._awaitables.close()

    def observe_cancel(self) -> bool:
        """Whether nothing is at work in Rust any more."""
        return self._awaitables.working() == 0


class Postgres:
    """A pool and its queries."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn

    def pool(self, size: int) -> bridge_mutants.Pool:
        return bridge_mutants.Pool(self._dsn, size, _fault())

    def fetch(
        self, pool: bridge_mutants.Pool, sql: str, *parameters: str | int | None
    ) -> Awaitable[list[tuple[Any, ...]]]:
        return pool.fetch(sql, *parameters)

    def close_pool(self, pool: bridge_mutants.Pool) -> Awaitable[None]:
        return pool.close()

    def sqlstate(self, error: BaseException) -> str | None:
        return getattr(error, "sqlstate", None)

    def statistics(self, pool: bridge_mutants.Pool) -> tuple[int, int]:
        """The pool's size, and how many of its places are free."""
        return pool.status()

    def transaction(self, pool: bridge_mutants.Pool) -> bridge_mutants.Transaction:
        return pool.transaction()
