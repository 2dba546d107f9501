"""What does a driver do behind a PgBouncer in transaction mode, which gives each statement another session?"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

from pytest_pyo3_bridge.catalogue import Level, check
from pytest_pyo3_bridge.patience import patient
from pytest_pyo3_bridge.postgres.bouncer import Bouncer
from pytest_pyo3_bridge.postgres.server import bench_of
from pytest_pyo3_bridge.trial import too_late

if TYPE_CHECKING:
    from pytest_pyo3_bridge.trial import Trial


@check(
    "postgres/pgbouncer-answers",
    Level.MUST,
    "behind a PgBouncer in transaction mode no query gets another's rows, and each ends",
    why="A prepared statement of the same name in another session may be another statement.",
    source="MagicStack/asyncpg#57",
    limit=40.0,
)
async def pgbouncer_answers(trial: Trial) -> None:
    answers, _ = await _asked(trial)
    crossed = [(own, answer) for own, answer in answers if own != answer]
    assert not crossed, f"{len(crossed)} of {len(answers)} callers got another's row: {crossed[:3]} (own, answer)"


@check(
    "postgres/pgbouncer",
    Level.INFO,
    "the driver works, as the adapter makes it, behind a PgBouncer in transaction mode",
    why="PgBouncer before 1.21 knows nothing of prepared statements, so drivers that keep them need a setting.",
    source="MagicStack/asyncpg#57",
)
async def pgbouncer(trial: Trial) -> None:
    answers, errors = await _asked(trial)
    trial.note("answers", len(answers))
    for text, count in errors.most_common(3):
        trial.note(text, count)
    assert not errors, f"{sum(errors.values())} of {len(answers) + sum(errors.values())} queries failed"


async def _asked(trial: Trial) -> tuple[list[tuple[int, object]], Counter[str]]:
    bench = bench_of(trial)
    answers: list[tuple[int, object]] = []
    errors: Counter[str] = Counter()
    async with Bouncer(bench.dsn, 2) as bouncer:
        site = bench.at(bouncer.dsn, bench.dsn)
        try:
            async with site.pool(6) as pool:
                for wave in range(trial.count(6, 20, 1000)):
                    # Each of three statements adds a number of its own, so that another's is told by its answer.
                    work = {
                        tag: asyncio.ensure_future(pool.tagged(tag, f" + {tag % 3}"))
                        for tag in range(wave * 20, wave * 20 + 20)
                    }
                    _, late = await asyncio.wait(work.values(), timeout=patient(10.0))
                    if late:
                        await too_late(f"{len(late)} of {len(work)} queries did not end within {patient(10):g} s")
                    for tag, one in work.items():
                        error = one.exception()
                        if error is None:
                            answers.append((tag + tag % 3, one.result()))
                        else:
                            errors[f"{site.sqlstate(error)} {type(error).__name__}"] += 1
        finally:
            await bench.forget(site)
    return answers, errors
