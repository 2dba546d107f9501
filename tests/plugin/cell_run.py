"""What did one run of the plugin leave behind? The folder of a cell in, its records out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Callable

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

RunCell = Callable[..., "Cell"]


class Cell:
    """What one run of the plugin left behind."""

    def __init__(self, out: Path, result: pytest.RunResult) -> None:
        self.out = out
        self.result = result

    def json(self, name: str) -> Any:
        """Read one record."""
        return json.loads((self.out / name).read_text(encoding="utf-8"))

    def events(self, kind: str | None = None) -> list[dict[str, Any]]:
        """Read the event log, or the events of one kind."""
        lines = (self.out / "events.jsonl").read_text(encoding="utf-8").splitlines()
        events = [json.loads(line) for line in lines]
        return [event for event in events if kind in (None, event["event"])]
