"""How is JSON written that every reader understands, and never meets half of? Value in, bytes or a file out."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


# Python's texts may hold one half of a pair alone, such as a byte of a file's name that is no UTF-8; JSON's may not.
LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def json_line(value: Any) -> bytes:
    """Return one line of JSON; half a pair of surrogates is spelt out, so that a message keeps what it said."""
    text = json.dumps(value)
    if "\\ud" in text:
        text = json.dumps(value, ensure_ascii=False)  # pragma: no mutate; None would do as well
        text = LONE_SURROGATE.sub(lambda found: f"\\\\u{ord(found[0]):x}", text)
        text = json.dumps(json.loads(text))
    return text.encode() + b"\n"


def write_json(path: Path, value: Any) -> None:
    """Write one line of JSON, whole or not at all."""
    write_whole(path, json_line(value))


def write_whole(path: Path, content: bytes | bytearray) -> None:
    """Write beside the target and rename over it."""
    beside = path.with_name(path.name + ".part")
    beside.write_bytes(content)
    beside.replace(path)
