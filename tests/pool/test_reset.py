"""Does what one caller changes in a session reach the next caller?

It does not under ``always``, it does under ``never``, and under ``auto`` only if no statement shows it in its text.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

import fraiseql
from pool_server import DEADLINE
from relay import relayed

if TYPE_CHECKING:
    from fraiseql import PrototypePool
    from pool_server import MakePool

MODES = ("auto", "always", "never")
SETTING = "select current_setting($1, true)"
# Runs a query that its text does not show, as a function of the user's would. Every role may call it.
HIDDEN = "select count(*) from ts_stat($q$select to_tsvector(set_$q$ || $q$config('{}', '{}', false))$q$)"

# What a statement leaves behind: the statement, then a question and its answer where nothing is left.
LEFT: dict[str, tuple[str, str, object]] = {
    "role": ("set role {role}", "select current_setting('role')", "none"),
    "set_config": (
        "select set_config('pool.left', 'x', false)",
        "select current_setting('pool.left', true) = 'x'",
        None,
    ),
    "statement_timeout": (
        "set statement_timeout = 12345",
        "select current_setting('statement_timeout') = '12345ms'",
        False,
    ),
    "read-only": ("set default_transaction_read_only = on", "select current_setting('transaction_read_only')", "off"),
    "listen": ("listen pool_left", "select count(*) from pg_listening_channels()", 0),
    "advisory lock": (
        "select pg_advisory_lock(77014)",
        "select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()",
        0,
    ),
    "temporary table": ("create temp table left_here (a int)", "select to_regclass('pg_temp.left_here')::text", None),
    "selected into": ("select 1 as a into temp left_here", "select to_regclass('pg_temp.left_here')::text", None),
    "cursor": (
        "declare left_open cursor with hold for select 1",
        "select count(*) from pg_cursors where name = 'left_open'",
        0,
    ),
    "time zone": ("set timezone = 'Asia/Tokyo'", "select current_setting('timezone')", "UTC"),
    "bytea_output": ("set bytea_output = escape", "select current_setting('bytea_output')", "hex"),
    "extra_float_digits": ("set extra_float_digits = 0", "select current_setting('extra_float_digits')", "1"),
    "pg_settings": (
        "update pg_settings set setting = 'Asia/Tokyo' where name = 'TimeZone'",
        "select current_setting('timezone')",
        "UTC",
    ),
    "in parentheses": (
        "/* a */ ( ( select set_config('TimeZone', 'Asia/Tokyo', false)))",
        "select current_setting('timezone')",
        "UTC",
    ),
    "in another spelling": (
        """select U&"set\\005fconfig"('TimeZone', 'Asia/Tokyo', false)""",
        "select current_setting('timezone')",
        "UTC",
    ),
    "of a failed statement": (
        "do $$ begin perform set_config('TimeZone', 'Asia/Tokyo', false); commit; raise 'on purpose'; end $$",
        "select current_setting('timezone')",
        "UTC",
    ),
}


def pool_of_one(make_pool: MakePool, mode: str, **settings: Any) -> PrototypePool:
    """Make a pool of one connection. ``auto`` is not asked for, since it is the default."""
    return make_pool(max_connections=1, **({} if mode == "auto" else {"reset": mode}), **settings)


async def leave(pool: PrototypePool, sql: str) -> None:
    """Run ``sql``, which may fail on purpose."""
    role = await pool.fetchval("select quote_ident(session_user)")
    try:
        await pool.execute(sql.replace("{role}", role))
    except fraiseql.Error as error:
        assert "on purpose" in str(error)  # noqa: PT017


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("what", LEFT)
async def test_what_a_statement_leaves_behind(make_pool: MakePool, mode: str, what: str) -> None:
    sql, question, clean = LEFT[what]
    pool = pool_of_one(make_pool, mode)
    pid = await pool.fetchval("select pg_backend_pid()")
    await leave(pool, sql)
    found = await pool.fetchval(question)
    assert (found in (clean, False if clean is None else clean)) == (mode != "never"), found
    # The connection itself is kept.
    assert await pool.fetchval("select pg_backend_pid()") == pid


@pytest.mark.parametrize("mode", MODES)
async def test_what_a_function_leaves_behind(make_pool: MakePool, mode: str) -> None:
    """The default cannot see it: the statement is a SELECT, and its text does not name set_config."""
    pool = pool_of_one(make_pool, mode)
    await pool.execute(HIDDEN.format("TimeZone", "Asia/Tokyo"))
    expected = "UTC" if mode == "always" else "Asia/Tokyo"
    assert await pool.fetchval(SETTING, "timezone") == expected


@pytest.mark.parametrize("mode", MODES)
async def test_what_a_cancelled_statement_leaves_behind(make_pool: MakePool, mode: str) -> None:
    pool = pool_of_one(make_pool, mode)
    pid = await pool.fetchval("select pg_backend_pid()")
    sql = "do $$ begin perform set_config('TimeZone', 'Asia/Tokyo', false); commit; perform pg_sleep(30); end $$"
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(pool.execute(sql), 0.2)
    expected = "Asia/Tokyo" if mode == "never" else "UTC"
    assert await pool.fetch("select current_setting('timezone'), pg_backend_pid()") == [(expected, pid)]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "sql",
    [
        "set client_encoding = 'LATIN1'",
        "select set_config('client_encoding', 'LATIN1', false)",
        HIDDEN.format("client_encoding", "LATIN1"),
        "do $$ begin perform set_config('client_encoding', 'LATIN1', false); commit; raise 'on purpose'; end $$",
    ],
    ids=["set", "set_config", "function", "failed"],
)
async def test_a_changed_encoding_stores_no_text_wrong(make_pool: MakePool, mode: str, sql: str) -> None:
    pool = pool_of_one(make_pool, mode)
    for _ in range(20):
        await leave(pool, sql)
        assert await pool.fetch("select convert_to($1, 'UTF8'), $1, 'é'", "é") == [("é".encode(), "é", "é")]


@pytest.mark.parametrize("mode", MODES)
async def test_a_changed_encoding_of_a_cancelled_statement(make_pool: MakePool, mode: str) -> None:
    pool = pool_of_one(make_pool, mode)
    await pool.health_check()
    sql = "do $$ begin perform set_config('client_encoding', 'LATIN1', false); commit; perform pg_sleep(30); end $$"
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(pool.execute(sql), 0.2)
    assert await pool.fetchval("select convert_to($1, 'UTF8')", "é") == "é".encode()


async def test_an_encoding_that_a_function_restores_costs_no_connection(lone: PrototypePool) -> None:
    pid = await lone.fetchval("select pg_backend_pid()")
    await lone.execute(
        "create function pg_temp.in_latin1() returns text language sql set client_encoding = 'LATIN1' as $$select 'é'$$"
    )
    assert await lone.fetchval("select pg_temp.in_latin1()") == "é"
    assert await lone.fetchval("select pg_backend_pid()") == pid


@pytest.mark.parametrize("mode", ["auto", "always"])
async def test_a_reset_keeps_prepared_statements(make_pool: MakePool, mode: str) -> None:
    pool = pool_of_one(make_pool, mode)
    await pool.fetchval("select 'kept'")
    await pool.execute("set timezone = 'Asia/Tokyo'")
    count = await pool.fetchval("select count(*) from pg_prepared_statements where statement = $1", "select 'kept'")
    assert count == 1


async def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="reset must be one of auto, always, never"):
        fraiseql.PrototypePool("any", reset="sometimes")  # type: ignore[arg-type]


# A query whose statement is prepared: Bind, Execute, Sync. A reset is one Query message before them.
PLAIN = "BES"


@pytest.mark.parametrize(("mode", "sent"), [("auto", PLAIN), ("always", "Q" + PLAIN), ("never", PLAIN)])
@pytest.mark.parametrize(
    "sql", ["select 1", "(select 1)", "table pg_catalog.pg_ts_template", "show timezone", "values (1)"]
)
async def test_a_read_after_a_read_sends_nothing_else(make_pool: MakePool, mode: str, sent: str, sql: str) -> None:
    async with relayed() as relay:
        pool = pool_of_one(make_pool, mode, **relay.settings)
        await pool.execute(sql)
        await pool.execute(sql)
        relay.sent.clear()
        await pool.execute(sql)
        assert relay.kinds == sent
        await pool.close()


@pytest.mark.parametrize("mode", ["auto", "always"])
async def test_a_query_does_not_wait_for_the_reset_before_it(make_pool: MakePool, mode: str) -> None:
    async with relayed() as relay:
        pool = pool_of_one(make_pool, mode, **relay.settings)
        await pool.fetchval("select 1")
        await pool.execute("set timezone = 'Asia/Tokyo'")
        relay.sent.clear()
        relay.answers.clear()
        query = asyncio.ensure_future(pool.fetchval("select 1"))
        # No answer reaches the pool meanwhile.
        await relay.until_sent("Q" + PLAIN)
        relay.answers.set()
        assert await query == 1
        await pool.close()


@pytest.mark.parametrize("mode", ["auto", "always"])
@pytest.mark.parametrize("prepared", ["prepared", "new"])
async def test_a_query_behind_a_failed_reset_does_not_run(
    make_pool: MakePool, lone: PrototypePool, mode: str, prepared: str
) -> None:
    async with relayed() as relay:
        pool = pool_of_one(make_pool, mode, **relay.settings)
        pid = await pool.fetchval("select pg_backend_pid()")
        # The effect of this query can be seen from elsewhere.
        kill, victim = "select pg_terminate_backend($1)", await lone.fetchval("select pg_backend_pid()")
        if prepared == "prepared":
            await pool.fetchval(kill, 0)
        await pool.execute("set timezone = 'Asia/Tokyo'")
        relay.change = lambda content: content.replace(b"pg_advisory_unlock_all", b"pg_advisory_unlock_alx")
        with pytest.raises(fraiseql.OperationalError, match=r"could not be reset.*alx.*did not run") as caught:
            await pool.fetchval(kill, victim)
        assert type(caught.value) is fraiseql.OperationalError
        relay.change = bytes
        assert await lone.fetchval("select pg_backend_pid()") == victim
        assert await pool.fetchval("select pg_backend_pid()") != pid
        await pool.close()


@pytest.mark.parametrize("mode", ["auto", "always"])
async def test_a_reset_that_fails_altogether_is_told(make_pool: MakePool, mode: str) -> None:
    """The server reads none of its statements, so the query runs, and its answer is not given."""
    async with relayed() as relay:
        pool = pool_of_one(make_pool, mode, **relay.settings)
        await pool.execute("set timezone = 'Asia/Tokyo'")
        relay.change = lambda content: content.replace(b"CLOSE ALL", b"CLOSE; AL")
        with pytest.raises(fraiseql.OperationalError, match=r"could not be reset.*syntax error.*may have run"):
            await pool.fetchval(SETTING, "timezone")
        relay.change = bytes
        assert await pool.fetchval(SETTING, "timezone") == "UTC"
        await pool.close()


@pytest.mark.parametrize("mode", ["auto", "always"])
async def test_a_timeout_that_a_caller_set_does_not_stop_the_reset(make_pool: MakePool, mode: str) -> None:
    async with relayed() as relay:
        pool = pool_of_one(make_pool, mode, **relay.settings)
        pid = await pool.fetchval("select pg_backend_pid()")
        await pool.execute("set statement_timeout = 250")
        # Stands for a reset that takes long.
        relay.change = lambda content: content.replace(b"CLOSE ALL", b"SELECT pg_sleep(0.5)")
        assert await pool.fetchval("select pg_backend_pid()") == pid
        await pool.close()


async def test_a_query_that_is_cancelled_during_the_reset_harms_nobody(make_pool: MakePool) -> None:
    pool = pool_of_one(make_pool, "always")
    await pool.health_check()
    for number in range(100):
        query = pool.fetchval("select set_config('TimeZone', 'Asia/Tokyo', false)")
        await asyncio.sleep(number / 50_000)
        query.cancel()
        await asyncio.wait({query})
        assert await pool.fetchval("select current_setting('timezone')") == "UTC"


@pytest.mark.parametrize("mode", ["auto", "always"])
async def test_a_cancelled_reset_keeps_its_connection_and_no_failed_transaction(make_pool: MakePool, mode: str) -> None:
    async with relayed() as relay:
        pool = pool_of_one(make_pool, mode, **relay.settings)
        await pool.fetchval("select 1")
        session = await pool.fetchval("select pg_backend_pid()")
        await pool.execute("set timezone = 'Asia/Tokyo'")
        relay.sent.clear()
        relay.change = lambda content: content.replace(b"CLOSE ALL", b"SELECT pg_sleep(30)")
        query = asyncio.ensure_future(pool.fetchval("select 1"))
        await relay.until_sent("Q" + PLAIN)
        relay.change = bytes
        query.cancel()
        assert await asyncio.wait_for(pool.fetchval(SETTING, "timezone"), DEADLINE) == "UTC"
        assert await pool.fetchval("select pg_backend_pid()") == session
        await pool.close()


async def test_a_health_check_leaves_the_reset_to_the_next_query(make_pool: MakePool) -> None:
    pool = pool_of_one(make_pool, "auto")
    await pool.execute("set timezone = 'Asia/Tokyo'")
    assert await pool.health_check()
    assert await pool.fetchval("select current_setting('timezone')") == "UTC"
