"""Does each fault of the connections do what its sentence says, and does the same program hold without it?"""

from __future__ import annotations

import pytest
from servers import LOGIN, PROXY

from conftest import Run, check

# What becomes of a query whose connection breaks, and of the two after it.
BREAKS = """
async def ask(pool, sql):
    try:
        print(await asyncio.wait_for(pool.fetch(sql), 2))
    except DatabaseError as error:
        print("error", error.sqlstate)
    except asyncio.TimeoutError:
        print("no answer")
async def main():
    proxy = Proxy()
    await proxy.start()
    pool = Pool(proxy.dsn, 1, fault)
    await ask(pool, "SELECT 1")
    asyncio.get_running_loop().call_later(0.3, proxy.break_all)
    await ask(pool, "SELECT 2 FROM pg_sleep(1)")
    await ask(pool, "SELECT 3")
    await ask(pool, "SELECT 4")
asyncio.run(main())
"""
HEALED = "[(3,)]\n[(4,)]"

# (fault, program, what it prints without the fault, what it prints with it)
PROGRAMS = {
    "busy-not-counted": (
        """
        async def main():
            pool = Pool(dsn, 2, fault)
            calls = [pool.fetch("SELECT pg_backend_pid() FROM pg_sleep(0.2)") for _ in range(6)]
            print(len({rows[0][0] for rows in await asyncio.gather(*calls)}))
        asyncio.run(main())
        """,
        "2",
        "4",
    ),
    "sessions-left": (
        """
        async def main():
            pool = Pool(dsn, 1, fault)
            [(pid,)] = await pool.fetch("SELECT pg_backend_pid()")
            await pool.close()
            await asyncio.sleep(0.3)
            print(await Pool(dsn, 1).fetch("SELECT count(*) FROM pg_stat_activity WHERE pid = $1::int", pid))
        asyncio.run(main())
        """,
        "[(0,)]",
        "[(1,)]",
    ),
    "shutdown-swallowed": (
        """
        async def main():
            try:
                print(await Pool(dsn, 1, fault).fetch("SELECT pg_terminate_backend(pg_backend_pid())"))
            except DatabaseError as error:
                print(error.sqlstate)
        asyncio.run(main())
        """,
        "57P01",
        "[]",
    ),
    "lost-connection-swallowed": (PROXY + BREAKS, f"[(1,)]\nerror None\n{HEALED}", f"[(1,)]\n[]\n{HEALED}"),
    "lost-connection-hangs": (PROXY + BREAKS, f"[(1,)]\nerror None\n{HEALED}", f"[(1,)]\nno answer\n{HEALED}"),
    "statement-resent": (PROXY + BREAKS, f"[(1,)]\nerror None\n{HEALED}", f"[(1,)]\n[(2,)]\n{HEALED}"),
    "dead-connection-kept": (
        PROXY + BREAKS,
        f"[(1,)]\nerror None\n{HEALED}",
        "[(1,)]\nerror None\nerror None\nerror None",
    ),
    "end-unnoticed": (
        PROXY + BREAKS.replace("proxy.break_all", "proxy.half_close"),
        f"[(1,)]\nerror None\n{HEALED}",
        "[(1,)]\nno answer\nno answer\nno answer",
    ),
    "refusal-retried": (
        """
        async def main():
            pool = Pool("postgresql://nobody@127.0.0.1:1/nothing", 1, fault)
            try:
                await asyncio.wait_for(pool.fetch("SELECT 1"), 1)
            except Exception as error:
                print(type(error).__name__)
        asyncio.run(main())
        """,
        "DatabaseError",
        "TimeoutError",
    ),
    "login-retried": (LOGIN + "asyncio.run(login(fault))", "28P01 1", "many logins"),
    "scram-unknown": (LOGIN + "asyncio.run(login(fault))", "28P01 1", "the login method 10 is unknown 0"),
    "header-in-one-read": (
        PROXY
        + """
async def main():
    proxy = Proxy()
    await proxy.start()
    pool = Pool(proxy.dsn, 1, fault)
    await pool.fetch("SELECT 1")
    proxy.piece = 3
    try:
        print(await pool.fetch("SELECT 'é'"))
    except DatabaseError as error:
        print(error.sqlstate)
asyncio.run(main())
""",
        "[('é',)]",
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
    check(run(program, fault), broken)
