"""Does an error reach Python as the class, the text and the SQLSTATE that the server or the way to it gave?"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from typing import TYPE_CHECKING

import pytest

import fraiseql
from pool_server import DEADLINE, SETTINGS, Observer

if TYPE_CHECKING:
    from fraiseql import PrototypePool
    from pool_server import MakePool

REPORTED = [
    ("selct 1", fraiseql.PostgresSyntaxError, "42601"),
    ("select * from missing", fraiseql.UndefinedTableError, "42P01"),
    ("select 1 / 0", fraiseql.DivisionByZeroError, "22012"),
    ("select 'x'::int", fraiseql.InvalidTextRepresentationError, "22P02"),
    ("select set_config('work_mem', 'x', false)", fraiseql.DataError, "22023"),
    ("select 1 as a; select 2", fraiseql.PostgresSyntaxError, "42601"),
    # No role may do this, not even a superuser.
    ("create table pg_catalog.refused ()", fraiseql.InsufficientPrivilegeError, "42501"),
    ("do $$ begin raise exception 'mine' using errcode = 'P0001'; end $$", fraiseql.InternalError, "P0001"),
    ("do $$ begin raise exception 'mine' using errcode = '40001'; end $$", fraiseql.SerializationError, "40001"),
    ("do $$ begin raise exception 'mine' using errcode = '0A000'; end $$", fraiseql.NotSupportedError, "0A000"),
    ("do $$ begin raise exception 'mine' using errcode = 'U0001'; end $$", fraiseql.DatabaseError, "U0001"),
]


@pytest.mark.parametrize(("sql", "expected", "sqlstate"), REPORTED, ids=[row[0][:40] for row in REPORTED])
async def test_a_refusal_has_its_class_and_state(
    pool: PrototypePool, sql: str, expected: type[fraiseql.Error], sqlstate: str
) -> None:
    with pytest.raises(fraiseql.Error) as caught:
        await pool.execute_query(sql)
    assert type(caught.value) is expected
    assert caught.value.sqlstate == sqlstate
    assert await pool.fetchval("select 1") == 1


# Each state that has a class of its own, and the class of PEP 249 above it.
STATES = [
    ("23502", fraiseql.NotNullViolationError, fraiseql.IntegrityError),
    ("23503", fraiseql.ForeignKeyViolationError, fraiseql.IntegrityError),
    ("23505", fraiseql.UniqueViolationError, fraiseql.IntegrityError),
    ("23514", fraiseql.CheckViolationError, fraiseql.IntegrityError),
    ("23P01", fraiseql.ExclusionViolationError, fraiseql.IntegrityError),
    ("40001", fraiseql.SerializationError, fraiseql.OperationalError),
    ("40P01", fraiseql.DeadlockDetectedError, fraiseql.OperationalError),
    ("53300", fraiseql.TooManyConnectionsError, fraiseql.OperationalError),
    ("55P03", fraiseql.LockNotAvailableError, fraiseql.OperationalError),
    ("22001", fraiseql.StringDataRightTruncationError, fraiseql.DataError),
    ("22003", fraiseql.NumericValueOutOfRangeError, fraiseql.DataError),
    ("22007", fraiseql.InvalidDatetimeFormatError, fraiseql.DataError),
    ("22012", fraiseql.DivisionByZeroError, fraiseql.DataError),
    ("22P02", fraiseql.InvalidTextRepresentationError, fraiseql.DataError),
    ("42501", fraiseql.InsufficientPrivilegeError, fraiseql.ProgrammingError),
    ("42601", fraiseql.PostgresSyntaxError, fraiseql.ProgrammingError),
    ("42703", fraiseql.UndefinedColumnError, fraiseql.ProgrammingError),
    ("42704", fraiseql.UndefinedObjectError, fraiseql.ProgrammingError),
    ("42883", fraiseql.UndefinedFunctionError, fraiseql.ProgrammingError),
    ("42P01", fraiseql.UndefinedTableError, fraiseql.ProgrammingError),
    ("42P07", fraiseql.DuplicateTableError, fraiseql.ProgrammingError),
    ("42710", fraiseql.DuplicateObjectError, fraiseql.ProgrammingError),
    ("25006", fraiseql.ReadOnlySQLTransactionError, fraiseql.InternalError),
]


async def test_a_state_that_callers_handle_apart_has_its_own_class(pool: PrototypePool) -> None:
    for sqlstate, expected, above in STATES:
        with pytest.raises(above) as caught:
            await pool.execute(f"do $$ begin raise exception 'mine' using errcode = '{sqlstate}'; end $$")
        assert (type(caught.value), caught.value.sqlstate) == (expected, sqlstate)
        assert str(caught.value) == "ERROR:  mine"


async def test_an_error_tells_where_and_what_to_do(pool: PrototypePool) -> None:
    with pytest.raises(fraiseql.ProgrammingError) as caught:
        await pool.fetch("select relnam from pg_class")
    error = caught.value
    assert str(error) == 'ERROR:  column "relnam" does not exist'
    assert error.position == 8
    assert "relname" in str(error.hint)
    assert error.detail is None


async def test_an_error_begins_with_its_severity_as_in_psql(pool: PrototypePool) -> None:
    with pytest.raises(fraiseql.DataError, match=r'^ERROR:  invalid input syntax for type integer: "not_a_number"$'):
        await pool.execute_query("select 'not_a_number'::int")
    with pytest.raises(fraiseql.InternalError, match=r"^ERROR:  mine: 50%\n two$"):
        await pool.execute("do $$ begin raise exception E'mine: 50%%\\n two'; end $$")


async def test_a_violated_constraint_is_named(lone: PrototypePool) -> None:
    await lone.execute("create temp table held (id int constraint held_once unique)")
    await lone.execute("insert into held values (1)")
    with pytest.raises(fraiseql.UniqueViolationError) as caught:
        await lone.execute("insert into held values (1)")
    error = caught.value
    assert (error.sqlstate, error.constraint_name, error.table_name) == ("23505", "held_once", "held")
    assert error.detail == "Key (id)=(1) already exists."


async def test_a_statement_timeout_is_a_canceled_query(lone: PrototypePool) -> None:
    await lone.execute("set statement_timeout = 20")
    with pytest.raises(fraiseql.QueryCanceledError) as caught:
        await lone.execute("select pg_sleep(10)")
    assert caught.value.sqlstate == "57014"


async def test_a_refused_connection_is_told_at_once(make_pool: MakePool) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        pool = make_pool(host="127.0.0.1", port=free.getsockname()[1])
        with pytest.raises(fraiseql.CannotConnectError, match="Connection refused"):
            await asyncio.wait_for(pool.health_check(), DEADLINE)


async def test_an_unknown_host_is_told(make_pool: MakePool) -> None:
    with pytest.raises(fraiseql.CannotConnectError, match=r"no-such-host\.invalid"):
        await asyncio.wait_for(make_pool(host="no-such-host.invalid").health_check(), 3 * DEADLINE)


async def test_a_silent_server_ends_with_the_connect_timeout(make_pool: MakePool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        pool = make_pool(host="127.0.0.1", port=silent.getsockname()[1], connect_timeout=0.2)
        with pytest.raises(fraiseql.CannotConnectError, match=r"within 0\.2 s"):
            await asyncio.wait_for(pool.health_check(), DEADLINE)


async def test_wrong_credentials_are_told(make_pool: MakePool) -> None:
    with pytest.raises(fraiseql.AuthenticationError) as caught:
        await make_pool(password="wrong").health_check()  # noqa: S106
    assert caught.value.sqlstate == "28P01"


async def test_a_password_that_is_missing_is_told(make_pool: MakePool) -> None:
    with pytest.raises(fraiseql.AuthenticationError, match="asks for a password"):
        await make_pool(password=None).health_check()


async def test_an_unknown_database_is_told(make_pool: MakePool) -> None:
    with pytest.raises(fraiseql.UnknownDatabaseError, match=r'^FATAL:  database "no such" does not exist$') as caught:
        await make_pool(database="no such").health_check()
    assert caught.value.sqlstate == "3D000"


async def test_a_failed_connect_leaves_no_place_taken(make_pool: MakePool) -> None:
    pool = make_pool(password="wrong", max_connections=1, acquire_timeout=1.0)  # noqa: S106
    for _ in range(3):
        with pytest.raises(fraiseql.AuthenticationError):
            await pool.health_check()
    assert pool.pool_status()["in_use"] == 0


async def test_a_full_pool_ends_with_the_acquire_timeout(make_pool: MakePool) -> None:
    pool = make_pool(max_connections=1, acquire_timeout=0.1)
    busy = asyncio.ensure_future(pool.execute("select pg_sleep(30)"))
    await asyncio.sleep(0.05)
    with pytest.raises(fraiseql.PoolTimeoutError, match=r"within 0\.1 s"):
        await pool.health_check()
    busy.cancel()
    await asyncio.wait({busy})


async def test_a_killed_backend_is_told_and_the_pool_heals(pool: PrototypePool, lone: PrototypePool) -> None:
    sleeping = asyncio.ensure_future(lone.execute("select pg_sleep(30) -- to be killed"))
    await Observer(pool).wait_for("-- to be killed", 1)
    kill = "select pg_terminate_backend(pid) from pg_stat_activity where query like '%-- to be killed'"
    assert await pool.fetch(kill + " and pid <> pg_backend_pid()") == [(True,)]
    with pytest.raises(fraiseql.ServerShutdownError) as caught:
        await asyncio.wait_for(sleeping, DEADLINE)
    assert caught.value.sqlstate == "57P01"
    assert await asyncio.wait_for(lone.fetchval("select 1"), DEADLINE) == 1


async def test_an_idle_connection_that_was_killed_is_replaced(pool: PrototypePool, lone: PrototypePool) -> None:
    victim = await lone.fetchval("select pg_backend_pid()")
    assert await pool.fetchval("select pg_terminate_backend($1)", victim)
    await asyncio.sleep(0.2)
    assert await lone.fetchval("select pg_backend_pid()") not in (victim, None)


async def test_backends_killed_in_the_middle_of_a_thousand_queries(make_pool: MakePool, lone: PrototypePool) -> None:
    pool = make_pool(max_connections=8)
    work = [asyncio.ensure_future(pool.fetchval(f"select {i} from pg_sleep(0.003) -- mass")) for i in range(1000)]
    await Observer(lone).wait_for("-- mass", 8)
    kill = "select pg_terminate_backend(pid) from pg_stat_activity where query like '%-- mass'"
    killed = await lone.fetch(kill + " and pid <> pg_backend_pid()")
    results = await asyncio.wait_for(asyncio.gather(*work, return_exceptions=True), 3 * DEADLINE)
    lost = [result for result in results if isinstance(result, BaseException)]
    assert {type(error) for error in lost} <= {fraiseql.ServerShutdownError, fraiseql.ConnectionLostError}
    assert 1 <= len(lost) <= len(killed)
    assert all(result in (number, *lost) for number, result in enumerate(results))
    again = await asyncio.wait_for(asyncio.gather(*(pool.fetchval("select $1::int", i) for i in range(1000))), DEADLINE)
    assert again == list(range(1000))


async def test_copy_is_an_error_and_not_a_hang(lone: PrototypePool) -> None:
    for sql in ("copy (select 1) to stdout", "create temp table c (a int)", "copy c from stdin"):
        if sql.startswith("create"):
            await lone.execute(sql)
            continue
        with pytest.raises(fraiseql.NotSupportedError, match="COPY"):
            await asyncio.wait_for(lone.execute(sql), DEADLINE)
    # The session waits for data that the pool will not send. It is replaced at once, without a useless cancellation.
    assert await asyncio.wait_for(lone.fetchval("select 1"), 2.0) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_connections": 0},
        {"max_connections": 10_001},
        {"max_connections": 10**17},
        {"database": ""},
        {"host": "a\0b"},
        {"connect_timeout": 0},
        {"acquire_timeout": -1.0},
        {"max_idle_time": float("nan")},
    ],
    ids=str,
)
def test_a_setting_out_of_range_is_a_value_error(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        fraiseql.PrototypePool(**{**SETTINGS, **wrong})


@pytest.mark.parametrize("wrong", [{"max_connections": -1}, {"port": 2**16}, {"statement_cache_size": 2**64}], ids=str)
def test_an_int_that_no_setting_holds_is_an_overflow(wrong: dict[str, object]) -> None:
    with pytest.raises(OverflowError):
        fraiseql.PrototypePool(**{**SETTINGS, **wrong})


def test_the_classes_are_those_of_the_db_api() -> None:
    assert issubclass(fraiseql.Error, Exception)
    assert issubclass(fraiseql.InterfaceError, fraiseql.Error)
    for name in ("Data", "Operational", "Integrity", "Internal", "Programming", "NotSupported"):
        assert issubclass(getattr(fraiseql, name + "Error"), fraiseql.DatabaseError)
    assert fraiseql.Error("x").sqlstate is None


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="TCP_USER_TIMEOUT is an option of Linux")
async def test_a_server_that_vanished_is_given_up_after_half_a_minute(lone: PrototypePool) -> None:
    """The same holds while sent bytes are unacknowledged, when the kernel sends no probes."""
    psutil = pytest.importorskip("psutil")
    assert await lone.health_check()
    limits = set()
    for connection in psutil.Process().net_connections("tcp"):
        if connection.raddr and connection.raddr.port == SETTINGS["port"]:
            with socket.socket(fileno=os.dup(connection.fd)) as same:
                limits.add(same.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT))
    assert limits == {30_000}
