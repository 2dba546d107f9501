"""What is measured? The prototype document's three pieces of work, each the same for every driver."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from driver import Driver


@dataclass(frozen=True)
class Workload:
    """One operation: a query, or several of them at once."""

    name: str
    title: str
    sql: str
    rows: int
    # How often one block repeats the operation; it makes the blocks of every workload about equally long.
    per_block: int
    # The document's success criterion. Where it names none it is 1: to be slower than the control is never a success.
    required_speedup: float = 1.0
    at_once: int = 1

    async def run(self, driver: Driver) -> None:
        """Do the operation once."""
        if self.at_once == 1:
            await driver.fetch(self.sql)
        else:
            await asyncio.gather(*(driver.fetch(self.sql) for _ in range(self.at_once)))

    async def prepare(self, driver: Driver) -> None:
        """Open every connection, and check that the driver returns all rows, because a wrong answer is fast."""
        for answer in await asyncio.gather(*(driver.fetch(self.sql) for _ in range(2 * self.at_once))):
            assert len(answer) == self.rows, f"{driver.label}: {len(answer)} rows instead of {self.rows}"


SIMPLE = Workload("simple", "Simple Query (SELECT 1)", "SELECT 1", rows=1, per_block=40, required_speedup=1.5)
THOUSAND_ROWS = Workload(
    "thousand_rows", "1000-Row Query", "SELECT generate_series(1, 1000) AS n", rows=1000, per_block=10
)
CONCURRENT = Workload(
    "concurrent", "10 Concurrent Queries", "SELECT 1", rows=1, per_block=8, required_speedup=2.0, at_once=10
)
WORKLOADS = (SIMPLE, THOUSAND_ROWS, CONCURRENT)
