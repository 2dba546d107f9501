"""Does a driver that remembers statements notice that the schema has changed?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_pyo3_bridge.catalogue import Level, check
from pytest_pyo3_bridge.postgres.driver import failure, ordinary
from pytest_pyo3_bridge.postgres.server import bench_of
from pytest_pyo3_bridge.trial import Inapplicable

if TYPE_CHECKING:
    from pytest_pyo3_bridge.postgres.driver import Pool
    from pytest_pyo3_bridge.postgres.site import Site
    from pytest_pyo3_bridge.trial import Trial

# Drivers that prepare a statement only when it is used often do so by now.
OFTEN = 7


@check(
    "postgres/column-type-changes",
    Level.MUST,
    "after a column's type changed, a known statement gives the new values, or one clean error first",
    why="A value that is read as the old type is wrong data; an error that stays ends the service until a restart.",
    source="MagicStack/asyncpg#458",
    limit=40.0,
)
async def column_type_changes(trial: Trial) -> None:
    site = await bench_of(trial).writable()
    table = await site.table("a int, b text")
    await site.observer.rows(f"insert into {table} values (49, 'old')")
    asked: list[tuple[str, ...]] = [(f"select * from {table}",)]
    # Some drivers prepare only statements that have parameters.
    mark = getattr(site.adapter, "placeholder", None)
    if mark:
        asked.append((f"select * from {table} where b = {mark}", "old"))
    async with site.pool(1) as pool:
        for ask in asked:
            await _known(pool, ask, [(49, "old")])
        await site.observer.rows(f"alter table {table} alter a type text using a::text")
        for ask in asked:
            await _changed(trial, pool, ask, [("49", "old")])
        await site.observer.rows(f"alter table {table} add c int default 7")
        for ask in asked:
            await _changed(trial, pool, ask, [("49", "old", 7)])


@check(
    "postgres/table-is-made-anew",
    Level.MUST,
    "after a table was made anew, a known statement gives its rows, or one clean error first",
    why="Migrations do that under programs that run.",
    source="MagicStack/asyncpg#103",
    limit=40.0,
)
async def table_is_made_anew(trial: Trial) -> None:
    site = await bench_of(trial).writable()
    table = await site.table("a int, b text")
    await site.observer.rows(f"insert into {table} values (1, 'one')")
    async with site.pool(1) as pool:
        await _known(pool, (f"select a, b from {table}",), [(1, "one")])
        await site.observer.rows(f"drop table {table}")
        error = ordinary(await failure(pool.fetch(f"select a, b from {table}")), "a table that is gone")
        found = site.sqlstate(error)
        assert found in {"42P01", None}, f"the table is gone, and the SQLSTATE is {found}: {error}"
        await site.observer.rows(f"create table {table} (b int, a text)")
        await site.observer.rows(f"insert into {table} values (2, 'two')")
        await _changed(trial, pool, (f"select a, b from {table}",), [("two", 2)])


@check(
    "postgres/type-is-made-anew",
    Level.SHOULD,
    "after a type was made anew, values of it come as before, or after one clean error",
    why="A driver that remembers the numbers of types meets others after each migration.",
    source="MagicStack/asyncpg#72",
    limit=40.0,
)
async def type_is_made_anew(trial: Trial) -> None:
    site: Site = await bench_of(trial).writable()
    name = await site.make("type", "as enum ('calm')")
    sql = f"select 'calm'::{name}, 1"
    async with site.pool(1) as pool:
        error = await failure(pool.fetch(sql))
        if error is not None:
            message = f"the driver reads no enums: {type(error).__name__}: {error}"
            raise Inapplicable(message)
        await _known(pool, (sql,), [("calm", 1)])
        await site.observer.rows(f"drop type {name}; create type {name} as enum ('wild', 'calm')")
        await _changed(trial, pool, (sql,), [("calm", 1)])


async def _known(pool: Pool, ask: tuple[str, ...], expected: list[tuple[object, ...]]) -> None:
    for _ in range(OFTEN):
        rows = await pool.rows(*ask)
        assert rows == expected, f"before the change: {rows} instead of {expected}"


async def _changed(trial: Trial, pool: Pool, ask: tuple[str, ...], expected: list[tuple[object, ...]]) -> None:
    errors = []
    for _ in range(pool.size + 4):
        error = await failure(pool.fetch(*ask))
        if error is not None:
            errors.append(ordinary(error, "a statement after the change"))
            continue
        rows = await pool.rows(*ask)
        assert rows == expected, f"after the change: {rows} instead of {expected}"
    trial.note("errors", trial.notes.get("errors", 0) + len(errors))
    assert len(errors) <= pool.size, (
        f"{len(errors)} errors after one change, with {pool.size} connection: {type(errors[-1]).__name__}: {errors[-1]}"
    )
