"""What does a session say at its end? A count per level, then each finding in a line."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

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
    for result in session.results.values():
        if result.check.level is Level.INFO and result.outcome == "recorded":
            told = [result.message] if result.message else []
            told += [f"{name} {value}" for name, value in result.notes.items()]
            shown.append(f"  {result.check.id}: {'; '.join(told) or 'holds'}".splitlines()[0])
    shown += [f"{red.outcome}: {red.check.id}: {(red.message.splitlines() or [''])[0]}" for red in session.failing()]
    return shown
