"""Does every answer come, and to its own caller?"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from pytest_pyo3_bridge.catalogue import Level, check
from pytest_pyo3_bridge.patience import patient
from pytest_pyo3_bridge.trial import too_late, within

if TYPE_CHECKING:
    from pytest_pyo3_bridge.trial import Trial

# As many as wait at once.
WAVE = 500


@check(
    "core/every-answer-comes",
    Level.MUST,
    "thousands of awaitables at once all end",
    why="A wake-up that is lost once in thousands leaves one task waiting for ever.",
    source="PyO3/pyo3-async-runtimes#40",
    # What is lost once in 5,000 answers must be lost by this check, and not by one beside it.
    alone=True,
)
async def every_answer_comes(trial: Trial) -> None:
    waves = trial.count(12, 40, 2000)
    adapter = trial.adapter
    for wave in range(waves):
        work = [asyncio.ensure_future(adapter.quick()) for _ in range(WAVE)]
        done, late = await asyncio.wait(work, timeout=patient(5.0))
        for one in done:
            one.result()
        if late:
            await too_late(f"{len(late)} of {WAVE} answers never came, in wave {wave + 1} of {waves}")


@check(
    "core/answers-reach-their-caller",
    Level.MUST,
    "of thousands of callers at once, each gets its own answer",
    why="Answers that are crossed are wrong data, and no error tells.",
    source="PyO3/pyo3-async-runtimes#40",
    needs=("echo",),
)
async def answers_reach_their_caller(trial: Trial) -> None:
    waves = trial.count(12, 40, 2000)
    adapter = trial.adapter
    for wave in range(waves):
        tags = [wave * WAVE + number for number in range(WAVE)]
        answers = await within(asyncio.gather(*(adapter.echo(tag) for tag in tags)))
        crossed = [(tag, answer) for tag, answer in zip(tags, answers) if answer != tag]
        assert not crossed, f"{len(crossed)} of {WAVE} callers got another's answer: {crossed[:3]}"
