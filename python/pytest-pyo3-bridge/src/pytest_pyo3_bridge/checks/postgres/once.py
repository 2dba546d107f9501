"""Does each statement run once, wherever it fails, and is a lost answer told as an error?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_pyo3_bridge.catalogue import Level, check
from pytest_pyo3_bridge.postgres.drill import healed
from pytest_pyo3_bridge.postgres.driver import failure, ordinary
from pytest_pyo3_bridge.postgres.proxy import tag
from pytest_pyo3_bridge.postgres.server import bench_of
from pytest_pyo3_bridge.trial import Inapplicable

if TYPE_CHECKING:
    from pytest_pyo3_bridge.postgres.driver import Pool
    from pytest_pyo3_bridge.postgres.proxy import Proxy
    from pytest_pyo3_bridge.postgres.site import Site
    from pytest_pyo3_bridge.trial import Trial

# Codes for which a driver may think that the statement did not run: outdated plans, conflicts, lost connections.
CODES = ("26000", "0A000", "40001", "40P01", "08006", "57P01", "XX000", "P0001")
NO_TRANSACTION = "2D000"


@check(
    "postgres/failing-statement-runs-once",
    Level.MUST,
    "a statement that fails while it runs is not sent again",
    why="What it did before it failed may stay (a sequence, a commit in a procedure), and would be done twice.",
    source="TableProApp/TablePro#2765",
    limit=40.0,
)
async def failing_statement_runs_once(trial: Trial) -> None:
    site = await bench_of(trial).writable()
    sequence = await site.make("sequence")
    asked = f"select case when is_called then last_value else 0 end from {sequence}"
    wrong = []
    async with site.pool(1) as pool:
        for code in CODES:
            sql = f"do $$ begin perform nextval('{sequence}'); raise 'on purpose' using errcode = '{code}'; end $$"
            # The second run meets a statement that the driver may have prepared.
            for run in (1, 2):
                before = await site.observer.value(asked)
                ordinary(await failure(pool.fetch(sql)), f"a statement that fails with {code}")
                ran = await site.observer.value(asked) - before
                if ran != 1:
                    wrong.append(f"a statement that fails with {code} ran {ran} times, in run {run}")
    assert not wrong, "\n".join(wrong)


@check(
    "postgres/failing-procedure-runs-once",
    Level.MUST,
    "a procedure that commits and then fails is not called again",
    why="The rows of the second call stay as well, and nothing tells of them.",
    source="TableProApp/TablePro#2765",
    limit=40.0,
)
async def failing_procedure_runs_once(trial: Trial) -> None:
    site = await bench_of(trial).writable()
    table = await site.table("code text")
    wrong = []
    async with site.pool(1) as pool:
        for code in CODES:
            body = f"insert into {table} values ('{code}'); commit; raise 'on purpose' using errcode = '{code}'"
            error = ordinary(await failure(pool.fetch(f"do $$ begin {body}; end $$")), f"a failure with {code}")
            if site.sqlstate(error) == NO_TRANSACTION:
                message = "the driver opens a transaction around each statement, so nothing in it can commit"
                raise Inapplicable(message)
            rows = await site.observer.value(f"select count(*) from {table} where code = '{code}'")
            if rows != 1:
                wrong.append(f"a block that commits and fails with {code} left {rows} rows")
    assert not wrong, "\n".join(wrong)


@check(
    "postgres/lost-answer-is-an-error",
    Level.MUST,
    "a statement whose answer is lost raises an error, and is not sent again",
    why="Nobody knows whether it took effect: success may be untrue, and a second run may double it.",
    source="TableProApp/TablePro#2765",
    limit=30.0,
)
async def lost_answer_is_an_error(trial: Trial) -> None:
    site = await bench_of(trial).writable()
    table = await site.table("a int")
    async with bench_of(trial).proxied(site) as (proxy, through), through.pool(1) as pool:
        assert await pool.value("select 1") == 1
        proxy.lose(tag("INSERT 0 1"))
        error = await failure(pool.fetch(f"insert into {table} values (1)"), 12.0)
        await _told(trial, proxy, error, "the insert")
        rows = await _rows(site, table)
        assert rows <= 1, f"the insert was done {rows} times"
        await healed(pool)


@check(
    "postgres/lost-commit-is-an-error",
    Level.MUST,
    "a transaction whose COMMIT is answered, but the answer lost, raises an error and is not done again",
    why="The commit took effect. Told as success it is luck, and done again it is double.",
    source="jruby/activerecord-jdbc-adapter#1216",
    needs=("transaction",),
    limit=30.0,
)
async def lost_commit_is_an_error(trial: Trial) -> None:
    site = await bench_of(trial).writable()
    table = await site.table("a int")
    async with bench_of(trial).proxied(site) as (proxy, through), through.pool(1) as pool:
        assert await pool.value("select 1") == 1
        error = await failure(_insert(pool, table, proxy), 12.0)
        await _told(trial, proxy, error, "the transaction")
        rows = await _rows(site, table)
        assert rows == 1, f"the server has committed once, and there are {rows} rows"
        await healed(pool)


async def _insert(pool: Pool, table: str, proxy: Proxy) -> None:
    async with pool.transaction() as inside:
        await inside.fetch(f"insert into {table} values (1)")
        proxy.lose(tag("COMMIT"))


async def _told(trial: Trial, proxy: Proxy, error: BaseException | None, what: str) -> None:
    if not proxy.lost:
        message = f"the proxy did not see the answer to {what}: {error!r}"
        raise Inapplicable(message)
    told = ordinary(error, f"{what} whose answer was lost")
    trial.note("error", f"{type(told).__name__}: {told}"[:200])


async def _rows(site: Site, table: str) -> int:
    # The server may be about to roll back.
    await site.observer.rows(f"begin; lock table {table} in access exclusive mode; commit")
    return int(await site.observer.value(f"select count(*) from {table}"))
