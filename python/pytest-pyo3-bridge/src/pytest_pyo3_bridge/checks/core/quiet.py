"""Does anything go wrong that no caller is told? It is known when all other checks have ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_pyo3_bridge.catalogue import Level, check

if TYPE_CHECKING:
    from pytest_pyo3_bridge.trial import Trial


@check(
    "core/quiet",
    Level.SHOULD,
    "no check made Python tell of an error that no caller got",
    why="What is unraisable, or raised in a thread of Rust's, is printed and lost.",
    source="PyO3/pyo3-async-runtimes#90",
)
async def quiet(trial: Trial) -> None:
    del trial
    message = "the session answers this one, from what it heard during the others"
    raise NotImplementedError(message)
