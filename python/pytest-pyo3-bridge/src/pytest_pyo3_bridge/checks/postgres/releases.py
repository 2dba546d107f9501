"""What is particular about this server's release? It is recorded, so that a difference between cells has a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_pyo3_bridge.catalogue import Level, check
from pytest_pyo3_bridge.postgres.driver import failure
from pytest_pyo3_bridge.postgres.server import bench_of

if TYPE_CHECKING:
    from pytest_pyo3_bridge.trial import Trial

MERGE = """do $$ begin
    create temp table bridge_merged (a int) on commit drop;
    execute 'merge into bridge_merged m using (values (1)) as n (a) on m.a = n.a
        when not matched then insert values (n.a)';
end $$"""


@check(
    "postgres/server-release",
    Level.INFO,
    "the server's release, and what it allows",
    why="Passwords are stored otherwise from 14 on, CREATE in public is gone in 15, and MERGE comes in 15.",
    source="https://www.postgresql.org/docs/current/release.html",
)
async def server_release(trial: Trial) -> None:
    site = bench_of(trial).site
    trial.note("release", await site.observer.value("show server_version"))
    trial.note("password_encryption", await site.observer.value("show password_encryption"))
    may = "select has_schema_privilege('public', 'create')"
    trial.note("CREATE in public", bool(await site.observer.value(may)))
    async with site.pool(1) as pool:
        error = await failure(pool.fetch(MERGE))
        trial.note("MERGE", "works" if error is None else f"SQLSTATE {site.sqlstate(error)}")


@check(
    "postgres/password-method",
    Level.MUST,
    "a login with a password works by the release's own method",
    why="It is md5 until 13 and scram-sha-256 from 14 on; a server that trusts everybody hides what a driver lacks.",
    source="https://www.postgresql.org/docs/current/auth-password.html",
    limit=40.0,
)
async def password_method(trial: Trial) -> None:
    bench = bench_of(trial)
    server = await bench.own_server()
    trial.note("method", f"{server.method}, release {server.major}")
    async with (await bench.own_site()).pool(1) as pool:
        assert await pool.value("select current_user::text") == server.dsn.user
