"""Does a transaction end as its caller was told, and does none reach the next caller?"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from pytest_pyo3_bridge.catalogue import Level, check
from pytest_pyo3_bridge.postgres.drill import all_at_once, cancelled, new_tag
from pytest_pyo3_bridge.postgres.driver import failure, ordinary
from pytest_pyo3_bridge.postgres.server import bench_of
from pytest_pyo3_bridge.trial import within

if TYPE_CHECKING:
    from pytest_pyo3_bridge.postgres.driver import Pool
    from pytest_pyo3_bridge.postgres.site import Site
    from pytest_pyo3_bridge.trial import Trial


@check(
    "postgres/begin-through-the-pool",
    Level.SHOULD,
    "BEGIN, a change and ROLLBACK as statements of a pool either undo the change or raise an error",
    why="Each may run on another connection, or be committed by the pool: the program believes that nothing changed.",
    source="https://www.postgresql.org/docs/current/sql-begin.html",
    limit=40.0,
)
async def begin_through_the_pool(trial: Trial) -> None:
    site = await bench_of(trial).writable()
    table = await site.table("a int")
    async with site.pool(1) as pool:
        for sql in ("begin", f"insert into {table} values (1)", "rollback"):
            error = await failure(pool.fetch(sql))
            if error is not None:
                ordinary(error, sql)
                trial.note("told", f"{sql.split()[0]}: {type(error).__name__}: {error}"[:160])
                return
    rows = await _rows(site, table)
    trial.note("told", "nothing")
    assert rows == 0, "BEGIN, INSERT and ROLLBACK raised nothing, and the row is there"


@check(
    "postgres/open-transaction-stays-with-its-caller",
    Level.MUST,
    "a transaction that a caller leaves open does not take in what the next caller does",
    why="The next caller's change is lost with a transaction that it knows nothing of.",
    source="https://www.postgresql.org/docs/current/sql-begin.html",
    limit=40.0,
)
async def open_transaction_stays_with_its_caller(trial: Trial) -> None:
    site = await bench_of(trial).writable()
    table = await site.table("a int")
    async with site.pool(1) as pool:
        error = await failure(pool.fetch("begin"))
        trial.note("begin", "is taken" if error is None else f"{type(error).__name__}: {error}"[:120])
        await within(pool.fetch(f"insert into {table} values (1)"))
        seen = await site.observer.value(f"select count(*) from {table}")
    rows = await _rows(site, table)
    assert rows == 1, "an insert after another caller's BEGIN was told as done, and is lost"
    assert seen == 1, "an insert after another caller's BEGIN is not committed until the pool is closed"


@check(
    "postgres/transactions-end-as-told",
    Level.MUST,
    "a transaction commits at its end, and an exception in it rolls it back",
    why="That is what a transaction is for.",
    source="https://www.postgresql.org/docs/current/tutorial-transactions.html",
    needs=("transaction",),
    limit=40.0,
)
async def transactions_end_as_told(trial: Trial) -> None:
    site = await bench_of(trial).writable()
    table = await site.table("a int")
    async with site.pool(2) as pool:
        assert await failure(_insert(pool, table, 1)) is None
        error = await failure(_insert(pool, table, 2, OnPurpose("on purpose")))
        assert isinstance(error, OnPurpose), f"the program's own exception came out as {error!r}"
        assert await _values(site, table) == [1], f"committed: {await _values(site, table)}; only 1 should be"
        await all_at_once(site, pool)


class OnPurpose(Exception):  # noqa: N818 (it is one)
    """What the program raises inside a transaction."""


@check(
    "postgres/cancelled-transaction-rolls-back",
    Level.MUST,
    "a cancellation inside a transaction rolls it back, and its connection comes back",
    why="A half-done change must not be committed, and one that is left open holds its locks.",
    source="rust-postgres/rust-postgres#835",
    needs=("transaction",),
    limit=40.0,
)
async def cancelled_transaction_rolls_back(trial: Trial) -> None:
    site = await bench_of(trial).writable()
    table = await site.table("a int")
    async with site.pool(2) as pool:
        for number in range(trial.count(6, 25, 2000)):
            mark = new_tag()
            work = asyncio.ensure_future(_insert_and_wait(pool, table, number, mark))
            if number % 3 == 0:
                await site.observer.until_active(mark, 1)
            else:
                await asyncio.sleep(trial.chance.uniform(0, 0.02))
            await cancelled(work, "a transaction")
        found = await _values(site, table)
        assert not found, f"{len(found)} cancelled transactions were committed"
        await all_at_once(site, pool)
    open_ones = "select count(*) from pg_stat_activity where state like 'idle in tr%' and position('{}' in query) > 0"
    assert await site.observer.until(open_ones.format(table), 0) == 0, "a cancelled transaction is still open"


@check(
    "postgres/failed-commit-is-an-error",
    Level.MUST,
    "a transaction that the server refuses to commit raises an error",
    why="A deferred constraint fails at COMMIT alone; if that is swallowed, the change is gone and nobody knows.",
    source="sqlalchemy/sqlalchemy#5824",
    needs=("transaction",),
    limit=40.0,
)
async def failed_commit_is_an_error(trial: Trial) -> None:
    site = await bench_of(trial).writable()
    table = await site.table("a int unique deferrable initially deferred")
    async with site.pool(1) as pool:
        error = ordinary(await failure(_insert(pool, table, 1, twice=True)), "a COMMIT that fails")
        found = site.sqlstate(error)
        assert found in {"23505", None}, f"it has the SQLSTATE {found} instead of 23505: {error}"
        assert await _values(site, table) == []
        assert await pool.value("select 1") == 1


@check(
    "postgres/commit-after-a-swallowed-error",
    Level.INFO,
    "what a caller is told whose transaction cannot be committed, after it swallowed an error in it",
    why="The server answers COMMIT with ROLLBACK and no error, so only a driver that reads the answer can tell.",
    source="rust-postgres/rust-postgres#1334",
    needs=("transaction",),
    limit=40.0,
)
async def commit_after_a_swallowed_error(trial: Trial) -> None:
    site = await bench_of(trial).writable()
    table = await site.table("a int")
    async with site.pool(1) as pool:
        error = await failure(_swallow(pool, table))
        told = "success" if error is None else f"{type(error).__name__}: {error}"[:160]
        trial.note("told", told)
        trial.note("rows", len(await _values(site, table)))


async def _swallow(pool: Pool, table: str) -> None:
    async with pool.transaction() as inside:
        await inside.fetch(f"insert into {table} values (1)")
        await failure(inside.fetch("select 1 / 0"))


async def _insert(pool: Pool, table: str, number: int, error: Exception | None = None, *, twice: bool = False) -> None:
    async with pool.transaction() as inside:
        for _ in range(1 + twice):
            await inside.fetch(f"insert into {table} values ({number})")
        if error is not None:
            raise error


async def _insert_and_wait(pool: Pool, table: str, number: int, mark: str) -> None:
    async with pool.transaction() as inside:
        await inside.fetch(f"insert into {table} values ({number})")
        await inside.fetch(f"select 1 from pg_sleep(1) /* {mark} */")


async def _values(site: Site, table: str) -> list[int]:
    rows = await site.observer.rows(f"select a from {table} order by a")
    return [row[0] for row in rows]


async def _rows(site: Site, table: str) -> int:
    return len(await _values(site, table))
