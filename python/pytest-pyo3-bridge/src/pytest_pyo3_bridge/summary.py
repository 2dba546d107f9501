"""What does a session say at its end? A count per level, then each finding in a line."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from pytest_pyo3_bridge.catalogue import Level

if TYPE_CHECKING:
    from pytest_pyo3_bridge.session import Session


def lines(session: Session) -> list[str]:
    """Return the summary's lines."""
    shown = [session.headline()]
    for level in Level:
        of_level = [result for result in session.results.values() if result.check.level is level]
        counts = Counter(result.outcome for result in of_level)
        if counts:
            shown.append(f"{level.value:<6} " + ", ".join(f"{count} {outcome}" for outcome, count in counts.items()))
    free = (result for result in session.results.values() if result.check.level is Level.INFO)
    shown += [
        f"  {result.check.id}: {recorded(result.message, result.notes)}".splitlines()[0]
        for result in free
        if result.outcome == "recorded"
    ]
    shown += [f"{red.outcome}: {red.check.id}: {(red.message.splitlines() or [''])[0]}" for red in session.failing()]
    return shown


def recorded(message: str, notes: dict[str, Any]) -> str:
    """Say what a check of free behaviour saw."""
    told = [message] if message else []
    told += [f"{name} {value}" for name, value in notes.items()]
    return "; ".join(told) or "holds"
