"""Does the bridge between asyncio and Tokio hold? Queries through PrototypePool in, a verdict per promise out.

It also runs by hand against any server: see README.md. No test asserts a speed. Every deadline is far longer than a
busy machine needs, so a test that reaches it is stuck.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from database import DB_CONFIG
from gil_load import busy_threads
from pool_probe import cancelled, connections, raised, rows, settled, within
from pytest_pyo3_bridge.leak import Plan
from query_load import cancellations, distinct_queries, errors, large_rows, simple_queries
from server_watch import tagged
from slow_wire import slow_wire

if TYPE_CHECKING:
    from fraiseql._fraiseql_rs import PrototypePool
    from pool_probe import PoolMaker
    from query_load import LeakCheck
    from server_watch import ServerWatch

SLEEP = "SELECT pg_sleep(30)"


class TestBasicQueries:
    """Values arrive as they are on the server."""

    async def test_simple_select(self, pool: PrototypePool) -> None:
        assert await rows(pool, "SELECT 1 AS one") == [{"one": 1}]

    async def test_values_keep_type_and_precision(self, pool: PrototypePool) -> None:
        [row] = await rows(
            pool,
            "SELECT 9007199254740993::int8 AS big, -1::int2 AS small, 0.1::float8 AS tenth, true AS yes, "
            """NULL::int AS nothing, 'né "q" \\ 🦀'::text AS words, ARRAY[1, NULL, 3] AS list""",
        )
        assert row == {
            "big": 9007199254740993,
            "small": -1,
            "tenth": 0.1,
            "yes": True,
            "nothing": None,
            "words": 'né "q" \\ 🦀',
            "list": [1, None, 3],
        }
        assert type(row["big"]) is int
        assert type(row["yes"]) is bool

    async def test_columns_and_rows_keep_their_order(self, pool: PrototypePool) -> None:
        answer = await rows(pool, "SELECT n AS z, -n AS a FROM generate_series(1, 100) AS n ORDER BY n DESC")
        assert [list(row.items()) for row in answer] == [[("z", n), ("a", -n)] for n in range(100, 0, -1)]

    @pytest.mark.parametrize("type_", ["json", "jsonb"])
    async def test_single_json_column_is_the_value_itself(self, pool: PrototypePool, type_: str) -> None:
        assert await rows(pool, f"""SELECT '{{"a": [1, null]}}'::{type_} AS doc""") == [{"a": [1, None]}]
        assert await rows(pool, f"SELECT '[]'::{type_} AS doc, 1 AS n") == [{"doc": [], "n": 1}]

    async def test_no_rows(self, pool: PrototypePool) -> None:
        assert await rows(pool, "SELECT 1 AS one WHERE false") == []

    async def test_large_answers_arrive_whole(self, pool: PrototypePool) -> None:
        answer = await rows(pool, "SELECT n FROM generate_series(1, 10000) AS n")
        assert [row["n"] for row in answer] == list(range(1, 10_001))
        assert await rows(pool, "SELECT repeat('é', 1048576) AS text") == [{"text": "é" * 1_048_576}]


class TestConcurrentQueries:
    """Queries run at the same time, and each caller gets its own answer."""

    async def test_concurrent_simple_queries(self, pool: PrototypePool) -> None:
        callers = range(1000)
        answers = await within(asyncio.gather(*(pool.execute_query(f"SELECT {n} AS caller") for n in callers)))
        assert [[json.loads(row) for row in answer] for answer in answers] == [[{"caller": n}] for n in callers]

    async def test_queries_are_on_the_server_together(self, make_pool: PoolMaker, watch: ServerWatch) -> None:
        size = 8
        pool = make_pool(max_connections=size)
        tag, sql = tagged(f"SELECT 'passed' AS barrier, {await watch.raise_barrier()}::text")
        queries = [asyncio.ensure_future(rows(pool, sql)) for _ in range(size)]
        await watch.until_waiting(tag, size)
        assert not any(query.done() for query in queries)
        await watch.lower_barrier()
        assert [answer[0]["barrier"] for answer in await asyncio.gather(*queries)] == ["passed"] * size

    async def test_more_callers_than_connections(self, make_pool: PoolMaker) -> None:
        size = 3
        pool = make_pool(max_connections=size)
        answers = await asyncio.gather(
            *(rows(pool, f"SELECT {n} AS caller, pg_backend_pid() AS backend") for n in range(100))
        )
        assert [answer[0]["caller"] for answer in answers] == list(range(100))
        assert 1 <= len({answer[0]["backend"] for answer in answers}) <= size
        assert connections(pool)[0] <= size

    async def test_event_loop_runs_while_a_query_waits(self, pool: PrototypePool) -> None:
        query = asyncio.ensure_future(pool.execute_query("SELECT 'slow' AS query, pg_sleep(0.3)::text"))
        ticks = 0
        while not query.done():
            await asyncio.sleep(0.01)
            ticks += 1
        assert json.loads((await query)[0])["query"] == "slow"
        # A loop that is blocked by the query makes only one turn. A free loop makes a few even on a busy machine.
        assert ticks >= 5

    async def test_no_gil_deadlock_beside_busy_threads(self, pool: PrototypePool) -> None:
        with busy_threads(2):
            answers = await asyncio.gather(*(rows(pool, f"SELECT {n} AS caller") for n in range(100)))
        assert [answer[0]["caller"] for answer in answers] == list(range(100))

    async def test_event_loops_in_several_threads(self, make_pool: PoolMaker) -> None:
        def ask(caller: int) -> list[Any]:
            async def main() -> list[Any]:
                pool = make_pool(max_connections=2)
                return list(await asyncio.gather(*(rows(pool, f"SELECT {caller} + {n} AS sum") for n in range(20))))

            return asyncio.run(main())

        loop = asyncio.get_running_loop()
        answers = await within(asyncio.gather(*(loop.run_in_executor(None, ask, 100 * k) for k in range(3))))
        assert answers == [[[{"sum": 100 * k + n}] for n in range(20)] for k in range(3)]


class TestCancellation:
    """A cancelled await ends the query on the server and harms no other query."""

    async def test_query_cancellation(self, make_pool: PoolMaker, watch: ServerWatch) -> None:
        pool = make_pool(max_connections=1)
        assert await rows(pool, "SELECT 'before' AS query") == [{"query": "before"}]
        before = connections(pool)
        tag, sql = tagged(SLEEP)
        query = asyncio.ensure_future(pool.execute_query(sql))
        await watch.until_running(tag, 1)
        await cancelled(query)
        await watch.until_running(tag, 0)
        assert await rows(pool, "SELECT 'after' AS query") == [{"query": "after"}]
        await settled(pool, before)

    async def test_timeout_ends_the_query(self, make_pool: PoolMaker, watch: ServerWatch) -> None:
        pool = make_pool(max_connections=1)
        await rows(pool, "SELECT 1")
        tag, sql = tagged(SLEEP)
        query = asyncio.ensure_future(asyncio.wait_for(pool.execute_query(sql), 0.5))
        await watch.until_running(tag, 1)
        with pytest.raises(asyncio.TimeoutError):
            await within(query)
        await watch.until_running(tag, 0)
        assert await rows(pool, "SELECT 'after' AS query") == [{"query": "after"}]

    async def test_late_cancel_does_not_hit_the_next_query(self, make_pool: PoolMaker, watch: ServerWatch) -> None:
        pool = make_pool(max_connections=1)
        for turn in range(20):
            tag, sql = tagged(SLEEP)
            query = asyncio.ensure_future(pool.execute_query(sql))
            await watch.until_running(tag, 1)
            query.cancel()
            assert await rows(pool, f"SELECT {turn} AS turn, pg_sleep(0.002)::text AS slept") == [
                {"turn": turn, "slept": ""}
            ]

    async def test_cancel_that_overtakes_its_query_still_ends_it(
        self, make_pool: PoolMaker, watch: ServerWatch
    ) -> None:
        async with slow_wire() as wire:
            # The sleep is a setting, so that its query is prepared before; a reset would end the setting.
            pool = make_pool(host="127.0.0.1", port=wire.port, max_connections=1, reset="never")
            tag, sql = tagged("SELECT pg_sleep(current_setting('bridge.nap')::float)")
            # Run the query once before, so that a pool that prepares statements can send this one without questions.
            await rows(pool, "SELECT set_config('bridge.nap', '0', false)")
            await rows(pool, sql)
            await rows(pool, "SELECT set_config('bridge.nap', '30', false)")
            wire.hold()
            query = asyncio.ensure_future(pool.execute_query(sql))
            await asyncio.sleep(0.05)
            await cancelled(query)
            # Long enough for the cancel request on its own connection to reach the server, where no query runs yet.
            await asyncio.sleep(0.1)
            wire.release()
            assert await rows(pool, "SELECT 'after' AS query") == [{"query": "after"}]
            await watch.until_running(tag, 0)
            del pool

    async def test_cancelled_waiter_leaves_the_running_query_alone(
        self, make_pool: PoolMaker, watch: ServerWatch
    ) -> None:
        pool = make_pool(max_connections=1)
        tag, sql = tagged(f"SELECT 'first' AS query, {await watch.raise_barrier()}::text AS barrier")
        first = asyncio.ensure_future(rows(pool, sql))
        await watch.until_waiting(tag, 1)
        waiters = [asyncio.ensure_future(pool.execute_query("SELECT 'waiter' AS query")) for _ in range(5)]
        await asyncio.sleep(0.02)
        for waiter in waiters:
            await cancelled(waiter)
        await watch.lower_barrier()
        assert (await first)[0]["query"] == "first"
        await settled(pool, (1, 1))

    async def test_cancel_storm_leaves_every_connection_usable(self, make_pool: PoolMaker, watch: ServerWatch) -> None:
        size = 4
        pool = make_pool(max_connections=size)
        tag, sql = tagged(SLEEP)
        # Some are cancelled before they are sent, some on their way, some while they run, most while they wait.
        for turn in range(40):
            queries = [asyncio.ensure_future(pool.execute_query(sql)) for _ in range(5 * size)]
            await asyncio.sleep(turn % 20 * 0.0002)
            for query in queries:
                query.cancel()
            ends = await within(asyncio.gather(*queries, return_exceptions=True))
            assert {type(end) for end in ends} == {asyncio.CancelledError}
        await watch.until_running(tag, 0)
        # Run all of them at once: if the storm lost a permit, one query would find no connection.
        tag, sql = tagged(f"SELECT {await watch.raise_barrier()}::text")
        together = [asyncio.ensure_future(rows(pool, sql)) for _ in range(size)]
        await watch.until_waiting(tag, size)
        await watch.lower_barrier()
        await asyncio.gather(*together)
        await settled(pool, (size, size))


class TestErrorHandling:
    """Every kind of failure has its own exception, and the pool goes on."""

    async def test_syntax_error(self, make_pool: PoolMaker) -> None:
        pool = make_pool(max_connections=1)
        error = await raised(pool, "SELEC 1")
        assert error.sqlstate == "42601"
        assert "SELEC" in str(error)
        assert await rows(pool, "SELECT 'usable' AS pool") == [{"pool": "usable"}]

    @pytest.mark.parametrize(
        ("sql", "sqlstate", "words"),
        [
            ("SELECT * FROM no_such_table", "42P01", "no_such_table"),
            ("SELECT 1 / 0", "22012", "zero"),
            ("SELECT 1 / (500 - n) FROM generate_series(1, 1000) AS n", "22012", "zero"),
            ("SELECT 'twelve'::int", "22P02", "twelve"),
        ],
    )
    async def test_server_error_keeps_its_sqlstate(
        self, make_pool: PoolMaker, sql: str, sqlstate: str, words: str
    ) -> None:
        pool = make_pool(max_connections=1)
        error = await raised(pool, sql)
        assert error.sqlstate == sqlstate
        assert words in str(error)
        assert await rows(pool, "SELECT 'usable' AS pool") == [{"pool": "usable"}]

    async def test_concurrent_errors_reach_their_own_callers(self, pool: PrototypePool) -> None:
        failures = await asyncio.gather(*(raised(pool, f"SELECT 'caller-{n}-'::int") for n in range(50)))
        assert all(f"caller-{n}-" in str(error) for n, error in enumerate(failures))

    async def test_unconvertible_type_names_column_and_type(self, make_pool: PoolMaker) -> None:
        pool = make_pool(max_connections=1)
        error = await raised(pool, "SELECT 1 AS fine, 'a word'::tsvector AS lexemes")
        assert "lexemes" in str(error)
        assert "tsvector" in str(error)
        assert await rows(pool, "SELECT 'usable' AS pool") == [{"pool": "usable"}]

    @pytest.mark.skipif(not DB_CONFIG["password"], reason="without PGPASSWORD the server may trust everybody")
    async def test_wrong_password(self, make_pool: PoolMaker) -> None:
        error = await raised(make_pool(password="not the password"))  # noqa: S106
        assert error.sqlstate == "28P01"
        assert "not the password" not in str(error)

    async def test_refused_connection(self, make_pool: PoolMaker) -> None:
        error = await raised(make_pool(host="127.0.0.1", port=1))
        assert error.sqlstate is None
        assert "127.0.0.1" in str(error)

    async def test_unknown_database(self, make_pool: PoolMaker) -> None:
        error = await raised(make_pool(database="no_such_database"))
        assert error.sqlstate == "3D000"
        assert "no_such_database" in str(error)

    async def test_killed_session_is_an_error_and_the_pool_heals(
        self, make_pool: PoolMaker, watch: ServerWatch
    ) -> None:
        pool = make_pool(max_connections=1)
        tag, sql = tagged(SLEEP)
        query = asyncio.ensure_future(raised(pool, sql))
        await watch.until_running(tag, 1)
        await watch.terminate(tag)
        assert (await query).sqlstate in ("57P01", None)
        assert await rows(pool, "SELECT 'healed' AS pool") == [{"pool": "healed"}]


class TestPoolHealth:
    """The pool tells the truth about itself."""

    async def test_health_check(self, pool: PrototypePool) -> None:
        assert await within(pool.health_check()) is True

    async def test_health_check_fails_without_a_server(self, make_pool: PoolMaker) -> None:
        with pytest.raises(Exception, match=r"127\.0\.0\.1"):
            await within(make_pool(host="127.0.0.1", port=1).health_check())

    async def test_stats_count_connections(self, make_pool: PoolMaker, watch: ServerWatch) -> None:
        pool = make_pool(max_connections=3)
        assert connections(pool) == (0, 0)
        await rows(pool, "SELECT 1")
        assert connections(pool) == (1, 1)
        tag, sql = tagged(f"SELECT {await watch.raise_barrier()}::text")
        queries = [asyncio.ensure_future(rows(pool, sql)) for _ in range(3)]
        await watch.until_waiting(tag, 3)
        assert connections(pool) == (3, 0)
        await watch.lower_barrier()
        await asyncio.gather(*queries)
        await settled(pool, (3, 3))

    async def test_dropped_pool_closes_its_sessions(self, make_pool: PoolMaker, watch: ServerWatch) -> None:
        pool = make_pool(max_connections=2)
        [row] = await rows(pool, "SELECT pg_backend_pid() AS backend")
        assert await watch.alive(row["backend"]) == 1
        del pool
        await watch.until(lambda: watch.alive(row["backend"]), 0, "the pool's session")

    def test_repr_names_the_class_and_hides_the_password(self, make_pool: PoolMaker) -> None:
        text = repr(make_pool(password="not for the log"))  # noqa: S106
        assert "PrototypePool" in text
        assert "not for the log" not in text


@pytest.mark.slow
class TestMemoryLeaks:
    """A thousand operations of each kind leave the process as large as it was."""

    async def test_no_memory_leak_simple_queries(self, leak_check: LeakCheck) -> None:
        await leak_check(simple_queries)

    async def test_no_memory_leak_distinct_queries(self, leak_check: LeakCheck) -> None:
        # One connection and a long warm-up: the statement cache may fill up, but then it must stop growing. With two
        # connections the pool may favour one, so the other's cache would still fill while it is measured.
        await leak_check(distinct_queries, Plan(warm_up=600), max_connections=1)

    async def test_no_memory_leak_errors(self, leak_check: LeakCheck) -> None:
        await leak_check(errors)

    async def test_no_memory_leak_cancellations(self, leak_check: LeakCheck) -> None:
        await leak_check(cancellations)

    async def test_no_memory_leak_large_rows(self, leak_check: LeakCheck) -> None:
        # Buffers of many sizes: the C allocator's caches take longer to fill.
        await leak_check(large_rows, Plan(warm_up=1000))
