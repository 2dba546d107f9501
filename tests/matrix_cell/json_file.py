"""How is a JSON file replaced so that a reader, or a crash, never meets half of it? Path and value in, file out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


def write_json(path: Path, value: Any) -> None:
    """Write beside the target and rename over it."""
    beside = path.with_name(path.name + ".part")
    beside.write_bytes(json.dumps(value).encode() + b"\n")
    beside.replace(path)
