"""Which tasks does the long comparison have? Each is the same statement for every contender, and for pgbench."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contender import Contender

TABLE = "fraiseql_benchmark"
MIXED = "i AS id, 'name ' || i AS name, i * 1.5::float8 AS score, now() AS seen, i % 2 = 0 AS even"
CHARACTERS = 1024 * 1024


@dataclass(frozen=True)
class Task:
    """One operation: a statement, or many of them at once."""

    title: str
    sql: str
    rows: int
    # How often one block repeats the operation, after a first operation that does not count.
    per_block: int
    at_once: int = 1
    # How the answer is taken: "fetch", "fetch_json" or "execute".
    way: str = "fetch"

    async def run(self, contender: Contender) -> None:
        """Do the operation once."""
        ask = getattr(contender, self.way)
        if self.at_once == 1:
            await ask(self.sql)
        else:
            await asyncio.gather(*(ask(self.sql) for _ in range(self.at_once)))

    async def check(self, contender: Contender) -> None:
        """Check that every row arrives, because a wrong answer is fast, and let each connection grow its buffers."""
        ask = getattr(contender, self.way)
        for answer in await asyncio.gather(*(ask(self.sql) for _ in range(20))):
            assert answer is None or len(answer) == self.rows, f"{contender.name}: {len(answer)} rows"


INSERTS = Task(
    "500 inserts, pool of 10", f"INSERT INTO {TABLE} VALUES (1, 'text', now())", 0, 1, at_once=500, way="execute"
)
TASKS = (
    Task("SELECT 1, one after another", "SELECT 1", 1, 100),
    Task("10 concurrent SELECT 1", "SELECT 1", 1, 20, at_once=10),
    Task("100 concurrent SELECT 1, pool of 10", "SELECT 1", 1, 5, at_once=100),
    Task("SELECT generate_series(1, 1000)", "SELECT generate_series(1, 1000)", 1000, 40),
    Task("1,000 rows x 5 mixed columns", f"SELECT {MIXED} FROM generate_series(1, 1000) AS i", 1000, 20),
    Task(
        "10,000 rows x 5 as JSON text",
        f"SELECT {MIXED} FROM generate_series(1, 10000) AS i",
        10_000,
        1,
        way="fetch_json",
    ),
    Task("1 MB of text", f"SELECT repeat('x', {CHARACTERS})", 1, 10),
    INSERTS,
)
