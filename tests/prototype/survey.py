"""Who wins each task, by how much, and how far is it to the floor? All contenders interleaved in one run.

A round gives every contender one block, and each round begins with another contender. The first operation of a block
does not count. It meets the cold caches and sleeping server processes that the other contenders left, which pgbench or
a program with one pool never meets. A block's wall time is the median of the other operations. Its CPU time is the time
of this process with all threads, so it belongs to the client alone.

In a task that uses all connections at once, every contender connects again for each round. Some sets of ten connections
are half as slow again as others for as long as they exist, no matter which contender has them. A run with one set per
contender would be a lottery, and the blocks of one set would not be independent, which the intervals require. Other
tasks keep their connections, because libpq needs half a dozen long answers on each until its buffer has grown.
"""

from __future__ import annotations

import gc
import statistics
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import fraiseql
from comparison import CONFIDENCE, Ratio, ratio_of_medians
from contender import ASYNCPG, PSYCOPG, contenders
from floor import Floor
from task import INSERTS, TABLE, TASKS, Task

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from contender import Contender

PERMISSION_DENIED = "42501"
GRANT = "from Postgres 15 on somebody has to GRANT CREATE ON SCHEMA public to this role; a server of 14 lets it"


@dataclass
class Measured:
    """The blocks of one contender on one task: milliseconds per operation, and CPU milliseconds per query."""

    name: str
    settings: str
    wall_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)

    def median(self) -> float:
        """Return the milliseconds of an operation."""
        return statistics.median(self.wall_ms)


@dataclass(frozen=True)
class Result:
    """One task, the blocks of every contender, and the floor if there is one."""

    task: Task
    measured: Sequence[Measured]
    floor_ms: float | None

    def speedup(self, of: Measured, against: str) -> Ratio | None:
        """Return how much faster ``of`` is than the contender of that name."""
        rivals = [measured for measured in self.measured if measured.name == against]
        return ratio_of_medians(rivals[0].wall_ms, of.wall_ms) if rivals else None

    def fastest(self) -> list[str]:
        """Return the contender with the least median, then all that may be as fast: the interval against it has 1."""
        first, *others = sorted(self.measured, key=Measured.median)
        level = [other for other in others if ratio_of_medians(other.wall_ms, first.wall_ms).low <= 1]
        return [first.name, *(other.name for other in level)]

    def record(self) -> dict[str, Any]:
        """Return one entry of the JSON file."""
        return {
            "title": self.task.title,
            "sql": self.task.sql,
            "at_once": self.task.at_once,
            "floor_ms": self.floor_ms,
            "fastest": self.fastest(),
            "contenders": [self._entry(measured) for measured in self.measured],
        }

    def _entry(self, measured: Measured) -> dict[str, Any]:
        ratios = {name: self.speedup(measured, name) for name in (PSYCOPG, ASYNCPG)}
        return {
            "name": measured.name,
            "settings": measured.settings,
            "median_ms": measured.median(),
            "cpu_ms_per_query": statistics.median(measured.cpu_ms),
            "blocks_ms": measured.wall_ms,
            "speedup": {
                name: {"ratio": ratio.estimate, "low": ratio.low, "high": ratio.high, "confidence": CONFIDENCE}
                for name, ratio in ratios.items()
                if ratio
            },
        }


async def survey(rounds: int) -> list[Result]:
    """Measure every task with all contenders that are installed."""
    found, missing = contenders()
    for package in missing:
        print(f"{package}: not installed\nhint: pip install -r requirements/benchmark.txt", file=sys.stderr)
    results = []
    for task in TASKS:
        print(f"measuring: {task.title} …", file=sys.stderr, flush=True)
        if task is INSERTS and not await _made_table(found[0]):
            print(f"not measured: {task.title}", file=sys.stderr)
            continue
        results.append(await measure(task, found, rounds))
        if task is INSERTS:
            await _execute(found[0], f"DROP TABLE {TABLE}")
    return results


async def _made_table(contender: Contender) -> bool:
    try:
        await _execute(contender, f"DROP TABLE IF EXISTS {TABLE}")
        await _execute(contender, f"CREATE UNLOGGED TABLE {TABLE} (id int, name text, at timestamptz)")
    except fraiseql.Error as error:
        print(f"error: {error}", file=sys.stderr)
        if error.sqlstate == PERMISSION_DENIED:
            print(f"hint: {GRANT}", file=sys.stderr)
        return False
    return True


async def _execute(contender: Contender, sql: str) -> None:
    await contender.open()
    try:
        await contender.execute(sql)
    finally:
        await contender.close()


async def measure(task: Task, found: Sequence[Contender], rounds: int) -> Result:
    """Measure one task with these contenders, and close every pool even after an error."""
    # pgbench runs before and after: while all pools are open, a server with a hundred sessions has no room for more.
    floor = Floor(task)
    floor.measure()
    measured = {contender.name: Measured(contender.name, contender.settings) for contender in found}
    rounds_per_sitting = 1 if task.at_once > 1 else rounds
    for first in range(0, rounds, rounds_per_sitting):
        await _sit(task, found, measured, range(first, first + rounds_per_sitting))
    floor.measure()
    return Result(task, list(measured.values()), floor.milliseconds())


async def _sit(task: Task, found: Sequence[Contender], measured: dict[str, Measured], rounds: Iterable[int]) -> None:
    opened = []
    try:
        for contender in found:
            await contender.open()
            opened.append(contender)
            await task.check(contender)
        for number in rounds:
            start = number % len(found)
            for contender in (*found[start:], *found[:start]):
                await _block(task, contender, measured[contender.name])
    finally:
        for contender in opened:
            await contender.close()


async def _block(task: Task, contender: Contender, into: Measured) -> None:
    # Collect now, so that no contender pays for another's garbage. Garbage from its own work counts for it.
    gc.collect()
    await task.run(contender)
    seconds = []
    cpu = time.process_time()
    for _ in range(task.per_block):
        start = time.perf_counter()
        await task.run(contender)
        seconds.append(time.perf_counter() - start)
    cpu = time.process_time() - cpu
    into.wall_ms.append(statistics.median(seconds) * 1000)
    into.cpu_ms.append(cpu * 1000 / task.per_block / task.at_once)


def table(results: Sequence[Result]) -> str:
    """Return one table per task, in Markdown."""
    return "\n\n".join(_task_table(result) for result in results)


def _task_table(result: Result) -> str:
    floor = "not available" if result.floor_ms is None else f"{result.floor_ms:.3f} ms"
    head = [
        f"**{result.task.title}** (floor: {floor})",
        "",
        f"| | ms | CPU ms per query | faster than {PSYCOPG} | faster than {ASYNCPG} | of the floor |",
        "|---|---|---|---|---|---|",
    ]
    rows = [_row(result, measured) for measured in result.measured]
    return "\n".join([*head, *rows, "", _verdict(result.fastest())])


def _verdict(fastest: Sequence[str]) -> str:
    if len(fastest) == 1:
        return f"fastest: {fastest[0]}"
    return f"a draw, the least median first: {'; '.join(fastest)}"


def _row(result: Result, measured: Measured) -> str:
    shown = [_shown(result.speedup(measured, name)) for name in (PSYCOPG, ASYNCPG)]
    far = "" if result.floor_ms is None else f"{measured.median() / result.floor_ms:.2f}"
    cpu = statistics.median(measured.cpu_ms)
    return f"| {measured.name} | {measured.median():.3f} | {cpu:.3f} | {shown[0]} | {shown[1]} | {far} |"


def _shown(ratio: Ratio | None) -> str:
    return "" if ratio is None else f"{ratio.estimate:.2f} ({ratio.low:.2f} to {ratio.high:.2f})"
