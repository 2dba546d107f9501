"""Does what one caller leaves in a session reach the next caller?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_pyo3_bridge.catalogue import Level, check
from pytest_pyo3_bridge.postgres.driver import failure
from pytest_pyo3_bridge.postgres.server import bench_of
from pytest_pyo3_bridge.trial import DEADLINE

if TYPE_CHECKING:
    from pytest_pyo3_bridge.trial import Trial

# What a statement leaves behind: the statement, then a question that is true where something is left.
SETTINGS = {
    "role": ("set role {role}", "select current_setting('role') <> 'none'"),
    "search_path": ("set search_path = bridge_nowhere", "select current_setting('search_path') = 'bridge_nowhere'"),
    "set_config": (
        "select set_config('bridge.left', 'x', false)",
        "select coalesce(current_setting('bridge.left', true), '') = 'x'",
    ),
    "statement_timeout": (
        "set statement_timeout = 123456",
        "select current_setting('statement_timeout') = '123456ms'",
    ),
    "read only": (
        "set default_transaction_read_only = on",
        "select current_setting('transaction_read_only') = 'on'",
    ),
    "LISTEN": ("listen bridge_left", "select count(*) > 0 from pg_listening_channels()"),
    "advisory lock": (
        "select count(pg_advisory_lock(770142))",
        "select count(*) > 0 from pg_locks where locktype = 'advisory' and objid = 770142 and pid = pg_backend_pid()",
    ),
}
OBJECTS = {
    "temporary table": (
        "create temp table bridge_left (a int)",
        "select to_regclass('pg_temp.bridge_left') is not null",
    ),
    "cursor": (
        "declare bridge_left cursor with hold for select 1",
        "select count(*) > 0 from pg_cursors where name = 'bridge_left'",
    ),
}
STATEMENTS = {
    "prepared statement": (
        "prepare bridge_left as select 1",
        "select count(*) > 0 from pg_prepared_statements where name = 'bridge_left'",
    ),
}


@check(
    "postgres/settings-are-reset",
    Level.MUST,
    "a caller's role, settings, LISTEN and locks do not reach the next caller",
    why="The next caller's query runs with another's rights, finds other tables, or waits for a forgotten lock.",
    source="npgsql/npgsql#5997",
    needs=("resets",),
)
async def settings_are_reset(trial: Trial) -> None:
    left = await _left(trial, SETTINGS)
    assert not left, f"the next caller has the last one's {', '.join(left)}"


@check(
    "postgres/objects-are-reset",
    Level.SHOULD,
    "a caller's temporary tables and cursors do not reach the next caller",
    why="A temporary table stands before the real one of that name, and keeps its memory.",
    source="deadpool-rs/deadpool#57",
    needs=("resets",),
)
async def objects_are_reset(trial: Trial) -> None:
    left = await _left(trial, OBJECTS)
    assert not left, f"the next caller has the last one's {', '.join(left)}"


@check(
    "postgres/session-state",
    Level.INFO,
    "what the next caller has of the last one's session",
    why="A pool may keep sessions as they are for speed; programs have to know.",
    source="MagicStack/asyncpg#270",
)
async def session_state(trial: Trial) -> None:
    left = await _left(trial, {**SETTINGS, **OBJECTS, **STATEMENTS})
    trial.note("left", ", ".join(left) or "nothing")


async def _left(trial: Trial, cases: dict[str, tuple[str, str]]) -> list[str]:
    """Return what is left, asked by the next callers of a pool of one."""
    site = bench_of(trial).site
    left = []
    role = '"' + site.dsn.user.replace('"', '""') + '"'
    for what, (leave, question) in cases.items():
        # A pool each: what one leaves must not hide the next.
        async with site.pool(1) as pool:
            error = await failure(pool.fetch(leave.replace("{role}", role)))
            if error is not None:
                trial.note(f"{what} is refused", f"{type(error).__name__}: {error}"[:120])
                continue
            # A driver whose smallest pool is larger may answer on another connection.
            if any([await pool.value(question, seconds=DEADLINE) for _ in range(4)]):
                left.append(what)
    return left
