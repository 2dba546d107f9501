"""Does each fault of the pool do what its sentence says, and does the same program hold without it?"""

from __future__ import annotations

import pytest
from servers import PROXY

from conftest import Run, check

# (fault, program, what it prints without the fault, what it prints with it)
PROGRAMS = {
    "cancel-not-sent": (
        """
        async def main():
            pool = Pool(dsn, 1, fault)
            call = asyncio.ensure_future(pool.fetch("SELECT pg_sleep(3)"))
            await asyncio.sleep(0.3)
            call.cancel()
            start = time.monotonic()
            await pool.fetch("SELECT 1")
            print("waited" if time.monotonic() - start > 1.5 else "at once")
        asyncio.run(main())
        """,
        "at once",
        "waited",
    ),
    "busy-connection-reused": (
        """
        async def main():
            pool = Pool(dsn, 1, fault)
            call = asyncio.ensure_future(pool.fetch("SELECT pg_sleep(3)"))
            await asyncio.sleep(0.3)
            call.cancel()
            start = time.monotonic()
            await pool.fetch("SELECT 1")
            print("waited" if time.monotonic() - start > 1.5 else "at once")
        asyncio.run(main())
        """,
        "at once",
        "waited",
    ),
    "permits-lost": (
        """
        async def main():
            pool = Pool(dsn, 3, fault)
            for _ in range(2):
                call = asyncio.ensure_future(pool.fetch("SELECT pg_sleep(20)"))
                await asyncio.sleep(0.3)
                call.cancel()
            await asyncio.sleep(0.5)
            print(pool.status())
        asyncio.run(main())
        """,
        "(3, 3)",
        "(3, 1)",
    ),
    "answers-crossed": (
        """
        async def main():
            pool = Pool(dsn, 4, fault)
            answers = await asyncio.gather(*[pool.fetch("SELECT $1::int", i) for i in range(2_500)])
            print(sum(answer != [(i,)] for i, answer in enumerate(answers)))
        asyncio.run(main())
        """,
        "0",
        "1",
    ),
    "error-swallowed": (
        """
        async def main():
            try:
                print(await Pool(dsn, 1, fault).fetch("SELECT 1 / 0"))
            except DatabaseError as error:
                print(error.sqlstate)
        asyncio.run(main())
        """,
        "22012",
        "[]",
    ),
    "sqlstate-lost": (
        """
        async def main():
            try:
                await Pool(dsn, 1, fault).fetch("SELECT 1 / 0")
            except DatabaseError as error:
                print(error.sqlstate)
        asyncio.run(main())
        """,
        "22012",
        "None",
    ),
    "statement-retried": (
        """
        async def main():
            start = time.monotonic()
            try:
                await Pool(dsn, 1, fault).fetch("SELECT 1 / length(pg_sleep(0.5)::text)")
            except DatabaseError as error:
                print(error.sqlstate, "twice" if time.monotonic() - start > 0.95 else "once")
        asyncio.run(main())
        """,
        "22012 once",
        "22012 twice",
    ),
    "session-kept": (
        """
        async def main():
            pool = Pool(dsn, 1, fault)
            await pool.fetch("SET application_name = 'left behind'")
            await pool.fetch("SELECT pg_advisory_lock(7)::text")
            print(await pool.fetch("SELECT current_setting('application_name')"))
            locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
            print(await pool.fetch(locks))
        asyncio.run(main())
        """,
        "[('',)]\n[(0,)]",
        "[('left behind',)]\n[(1,)]",
    ),
    "descriptor-leaked": (
        """
        async def main():
            pool = Pool("postgresql://nobody@127.0.0.1:1/nothing", 1, fault)
            async def attempt():
                try:
                    await pool.fetch("SELECT 1")
                except DatabaseError as error:
                    assert error.sqlstate is None and "refused" in str(error)
            await attempt()
            before = len(os.listdir("/proc/self/fd"))
            for _ in range(20):
                await attempt()
            print(len(os.listdir("/proc/self/fd")) - before)
        asyncio.run(main())
        """,
        "0",
        "20",
    ),
    "lock-held": (
        """
        class Number:
            def __index__(self):
                return pool.status()[0]
        pool = Pool(dsn, 1, fault)
        async def main():
            print(await pool.fetch("SELECT $1::int", Number()))
        asyncio.run(main())
        """,
        "[(1,)]",
        None,
    ),
    "begin-undone": (
        """
        async def main():
            pool = Pool(dsn, 1, fault)
            try:
                await pool.fetch("/* a comment */ begin")
                print("begun")
                # Outside of a transaction, the server refuses a savepoint.
                await pool.fetch("SAVEPOINT here")
            except DatabaseError as error:
                print(error.sqlstate or str(error).partition(":")[0])
        asyncio.run(main())
        """,
        "BEGIN through fetch would be undone when the connection is given back",
        "begun\n25P01",
    ),
    "commit-retried": (
        PROXY
        + """
async def main():
    proxy = Proxy()
    await proxy.start()
    pool = Pool(proxy.dsn, 1, fault)
    transaction = pool.transaction()
    await transaction.fetch("SELECT 1")
    proxy.is_cut = True
    try:
        print(await transaction.commit())
    except DatabaseError as error:
        print(error.sqlstate)
asyncio.run(main())
""",
        "08007",
        "None",
    ),
}


@pytest.mark.usefixtures("dsn")
@pytest.mark.parametrize("fault", PROGRAMS)
def test_program_holds_without_the_fault(fault: str, run: Run) -> None:
    program, clean, _ = PROGRAMS[fault]
    check(run(program), clean)


@pytest.mark.usefixtures("dsn")
@pytest.mark.parametrize("fault", PROGRAMS)
def test_fault_shows(fault: str, run: Run) -> None:
    program, _, broken = PROGRAMS[fault]
    if broken is None:
        assert run(program, fault, limit=3).is_hung
    else:
        check(run(program, fault), broken)
