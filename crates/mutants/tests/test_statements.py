"""Does each fault of statements and transactions do what its sentence says, and does its program hold without it?"""

from __future__ import annotations

import pytest

from conftest import Run, check

# Statements of one transaction, and what becomes of each. Its session has a table of its own.
ASK = """
async def ask(asked, sql):
    try:
        print(await asked.fetch(sql))
    except DatabaseError as error:
        print(error.sqlstate or str(error).partition(":")[0])
async def main():
    transaction = Pool(dsn, 1, fault).transaction()
    await transaction.fetch("CREATE TEMP TABLE t (a int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
    await transaction.fetch("INSERT INTO t VALUES (1)")
"""

# (fault, program, what it prints without the fault, what it prints with it)
PROGRAMS = {
    "rows-crossed": (
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
    "row-lost": (
        """
        async def main():
            pool = Pool(dsn, 1, fault)
            for count in (1_000, 2_500):
                rows = await pool.fetch("SELECT g FROM generate_series(1, $1::int) AS g", count)
                print(count - len(rows), sorted(set(range(1, count + 1)) - {row[0] for row in rows}))
        asyncio.run(main())
        """,
        "0 []\n0 []",
        "0 []\n2 [1000, 2000]",
    ),
    "late-error-swallowed": (
        """
        async def main():
            for sql in ("SELECT 1 / (2 - g) FROM generate_series(1, 3) AS g", "SELECT 1 / 0"):
                try:
                    print(await Pool(dsn, 1, fault).fetch(sql))
                except DatabaseError as error:
                    print(error.sqlstate)
        asyncio.run(main())
        """,
        "22012\n22012",
        "[(1,)]\n22012",
    ),
    "statements-kept": (
        ASK
        + """
    await ask(transaction, "SELECT * FROM t")
    await transaction.fetch("ALTER TABLE t ALTER a TYPE text USING a::text")
    await ask(transaction, "SELECT * FROM t")
asyncio.run(main())
""",
        "[(1,)]\n[('1',)]",
        "[(1,)]\n0A000",
    ),
    "statement-names-shared": (
        """
        # Two connections of a pooler in transaction mode may get the same session. Here a caller gives that name.
        async def main():
            pool = Pool(dsn, 1, fault)
            await pool.fetch("PREPARE mutants_0 AS SELECT 'another'")
            print(await pool.fetch("SELECT 'own'"))
        asyncio.run(main())
        """,
        "[('own',)]",
        "[('another',)]",
    ),
    "columns-remembered": (
        ASK
        + """
    await ask(transaction, "SELECT * FROM t")
    await transaction.fetch("ALTER TABLE t ADD b int DEFAULT 2")
    await ask(transaction, "SELECT * FROM t")
asyncio.run(main())
""",
        "[(1,)]\n[(1, 2)]",
        "[(1,)]\n[(1,)]",
    ),
    "types-remembered": (
        ASK
        + """
    await transaction.fetch("CREATE TYPE pg_temp.mood AS ENUM ('calm')")
    await ask(transaction, "SELECT 'calm'::pg_temp.mood")
    await transaction.fetch("DROP TYPE pg_temp.mood")
    await transaction.fetch("CREATE TYPE pg_temp.mood AS ENUM ('wild', 'calm')")
    try:
        print(await transaction.fetch("SELECT 'calm'::pg_temp.mood"))
    except DatabaseError as error:
        print("the type mood has the number" in str(error))
asyncio.run(main())
""",
        "[('calm',)]\n[('calm',)]",
        "[('calm',)]\nTrue",
    ),
    "transaction-left-open": (
        ASK
        + """
    await transaction.rollback()
    pool = Pool(dsn, 1, fault)
    await ask(pool, "BEGIN")
    # Outside of a transaction, the server refuses a savepoint.
    await ask(pool, "SAVEPOINT here")
asyncio.run(main())
""",
        "BEGIN through fetch would be undone when the connection is given back\n25P01",
        "[]\n[]",
    ),
    "rollback-commits": (
        ASK
        + """
    await transaction.fetch("INSERT INTO t VALUES (1)")
    try:
        print(await transaction.rollback())
    except DatabaseError as error:
        print(error.sqlstate)
asyncio.run(main())
""",
        "None",
        "23505",
    ),
    "commit-error-swallowed": (
        ASK
        + """
    await transaction.fetch("INSERT INTO t VALUES (1)")
    try:
        print(await transaction.commit())
    except DatabaseError as error:
        print(error.sqlstate)
asyncio.run(main())
""",
        "23505",
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
