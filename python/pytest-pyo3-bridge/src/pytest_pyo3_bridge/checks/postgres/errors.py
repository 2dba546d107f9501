"""Does every failure reach the caller, as an ordinary exception, with its SQLSTATE?"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from pytest_pyo3_bridge.catalogue import Level, check
from pytest_pyo3_bridge.postgres.drill import healed, sleeping
from pytest_pyo3_bridge.postgres.driver import failure, ordinary
from pytest_pyo3_bridge.postgres.keeper import HOST
from pytest_pyo3_bridge.postgres.server import bench_of
from pytest_pyo3_bridge.trial import DEADLINE

if TYPE_CHECKING:
    from pytest_pyo3_bridge.postgres.site import Site
    from pytest_pyo3_bridge.trial import Trial

CODES = "https://www.postgresql.org/docs/current/errcodes-appendix.html"
# What fails, the statement, and the code that the server gives.
FAILURES = [
    ("syntax", "select 1 +", "42601"),
    ("a missing table", "select * from bridge_no_such_table", "42P01"),
    ("a cast", "select 'no number'::int", "22P02"),
    ("a division by zero", "select 1 / 0", "22012"),
    (
        "a unique key",
        """do $$ begin
            create temp table bridge_unique (a int primary key) on commit drop;
            insert into bridge_unique values (1), (1);
        end $$""",
        "23505",
    ),
    ("a serialization failure", "do $$ begin raise exception 'on purpose' using errcode = '40001'; end $$", "40001"),
    ("a code of the user's own", "do $$ begin raise exception 'on purpose' using errcode = 'U0001'; end $$", "U0001"),
    # The row before it has been sent when it fails.
    ("an error behind the first row", "select 1 / (3 - g) from generate_series(1, 5) as g", "22012"),
]


@check(
    "postgres/errors-are-raised",
    Level.MUST,
    "whatever fails at the server raises an ordinary exception with a text",
    why="A failure that is swallowed looks like success, and a bare BaseException passes every `except Exception`.",
    source="rust-postgres/rust-postgres#1334",
)
async def errors_are_raised(trial: Trial) -> None:
    async with bench_of(trial).pool(1) as pool:
        for what, sql, _ in FAILURES:
            error = ordinary(await failure(pool.fetch(sql)), what)
            trial.note(what, type(error).__name__)
            assert await pool.value("select 1") == 1, f"{what}: the query after it gets a wrong answer"


@check(
    "postgres/errors-have-their-sqlstate",
    Level.MUST,
    "whatever fails at the server has the server's SQLSTATE",
    why="Programs decide by the code whether to try again; a text is translated and changes.",
    source="psycopg/psycopg#225",
)
async def errors_have_their_sqlstate(trial: Trial) -> None:
    site = bench_of(trial).site
    wrong = []
    async with site.pool(1) as pool:
        for what, sql, code in FAILURES:
            error = await failure(pool.fetch(sql))
            found = site.sqlstate(error) if error else "no error"
            if found != code:
                wrong.append(f"{what}: {found} instead of {code} ({type(error).__name__}: {error})")
    assert not wrong, "\n".join(wrong)


@check(
    "postgres/stopped-query-has-its-sqlstate",
    Level.MUST,
    "a query that the server stopped raises an exception with the code 57014",
    why="A timeout of the server's is told from a failure of the query by its code alone.",
    source=CODES,
)
async def stopped_query_has_its_sqlstate(trial: Trial) -> None:
    site = bench_of(trial).site
    async with site.pool(1) as pool:
        [work], tag = await sleeping(site, pool, 1)
        for pid in await site.observer.active(tag):
            await site.observer.rows(f"select pg_cancel_backend({pid})")
        error = ordinary(await failure(work), "a query that was stopped at the server")
        found = site.sqlstate(error)
        assert found == "57014", f"it has the SQLSTATE {found} instead of 57014 ({type(error).__name__}: {error})"
        assert await pool.value("select 1") == 1


@check(
    "postgres/killed-session-is-an-error",
    Level.MUST,
    "a query whose session the server ends raises an exception, and the pool goes on",
    why="An administrator ends sessions; the query must not hang, and the dead connection must serve nobody.",
    source="psycopg/psycopg#701",
    limit=40.0,
)
async def killed_session_is_an_error(trial: Trial) -> None:
    site = bench_of(trial).site
    async with site.pool(2) as pool:
        error = await _killed(site)
        trial.note("error", f"{type(error).__name__}: {error}"[:200])
        trial.note("errors until it healed", await healed(pool))


@check(
    "postgres/killed-session-has-its-sqlstate",
    Level.SHOULD,
    "a query whose session the server ends raises an exception with the code 57P01",
    why="The code tells an end that was ordered from a lost network.",
    source=CODES,
    limit=40.0,
)
async def killed_session_has_its_sqlstate(trial: Trial) -> None:
    site = bench_of(trial).site
    error = await _killed(site)
    found = site.sqlstate(error)
    cause = error.__cause__ and site.sqlstate(error.__cause__)
    behind = f"; its cause has {cause}" if cause else ""
    assert found == "57P01", f"it has the SQLSTATE {found} instead of 57P01 ({type(error).__name__}: {error}){behind}"


async def _killed(site: Site) -> Exception:
    """Return the error of a query whose session is killed; its pool then goes on."""
    async with site.pool(2) as pool:
        [work], tag = await sleeping(site, pool, 1)
        for pid in await site.observer.active(tag):
            await site.observer.rows(f"select pg_terminate_backend({pid})")
        error = ordinary(await failure(work), "a query whose session was killed")
        await healed(pool)
        return error


@check(
    "postgres/refused-connection-is-an-error",
    Level.MUST,
    "where no server listens, a query raises an ordinary exception in time",
    why="A pool that tries for ever hides an outage from the program that could tell of it.",
    source="psycopg/psycopg#1315",
)
async def refused_connection_is_an_error(trial: Trial) -> None:
    bench = bench_of(trial)
    with socket.socket() as reserved:
        # Bound, so nobody else listens there; not listening, so a connection is refused.
        reserved.bind((HOST, 0))
        nowhere = bench.at(bench.dsn_of(host=HOST, port=reserved.getsockname()[1]))
        error = ordinary(await failure(_first_query(nowhere), DEADLINE + 4), "a refused connection")
        trial.note("error", f"{type(error).__name__}: {error}"[:200])


async def _first_query(site: Site) -> None:
    async with site.pool(1) as pool:
        await pool.fetch("select 1")


@check(
    "postgres/wrong-password-is-an-error",
    Level.MUST,
    "a wrong password raises an ordinary exception in time",
    why="A pool that tries a wrong password for ever locks out the account, and its callers wait.",
    source=CODES,
    limit=40.0,
    # It waits for the server of the kit's own, which all that need it find sooner then.
    waits=True,
)
async def wrong_password_is_an_error(trial: Trial) -> None:
    error = await _denied(trial, password="wrong")  # noqa: S106 (that is the point)
    trial.note("error", f"{type(error).__name__}: {error}"[:200])


@check(
    "postgres/refused-login-has-its-sqlstate",
    Level.SHOULD,
    "a wrong password raises an exception with the code 28P01, a missing database one with 3D000",
    why="The program can tell a wrong setting, which stays wrong, from an outage, which passes.",
    source=CODES,
    limit=40.0,
)
async def refused_login_has_its_sqlstate(trial: Trial) -> None:
    wrong = []
    for codes, parts in ((("28P01", "28000"), {"password": "wrong"}), (("3D000",), {"database": "bridge_missing"})):
        error = await _denied(trial, **parts)
        found = bench_of(trial).site.sqlstate(error)
        if found not in codes:
            wrong.append(f"{next(iter(parts))}: {found} instead of {codes[0]} ({type(error).__name__}: {error})")
    assert not wrong, "\n".join(wrong)


async def _denied(trial: Trial, **parts: str) -> Exception:
    """Return the error of a login that the kit's own server refuses; others may trust everybody."""
    bench = bench_of(trial)
    server = await bench.own_server()
    site = bench.at(server.dsn.with_(**parts))
    return ordinary(await failure(_first_query(site), DEADLINE + 4), f"a wrong {next(iter(parts))}")
