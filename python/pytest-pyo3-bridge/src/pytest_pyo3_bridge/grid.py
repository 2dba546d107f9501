"""How do several adapters compare? Result files in, a grid of checks by adapters out, as text or Markdown."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from pytest_pyo3_bridge.catalogue import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from pytest_pyo3_bridge.catalogue import Check

SCHEMA_VERSION = 1
# How an outcome is shown in a cell of the grid.
SHORT = {
    "passed": "ok",
    "failed": "FAILED",
    "hung": "HUNG",
    "crashed": "CRASHED",
    "known": "known",
    "stale": "STALE",
    "recorded": "info",
    "not applicable": "-",
}
RED = {"failed", "hung", "crashed", "stale", "known"}


class GridError(Exception):
    """A file is not what the kit writes. The text says which, and why."""


def read(path: Path) -> dict[str, Any]:
    """Read a result file.

    Raises:
        GridError: if it is none, or one of another version.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        message = f"{path}: {error}"
        raise GridError(message) from error
    if not isinstance(found, dict) or found.get("schema_version") != SCHEMA_VERSION:
        message = f"{path}: it is no result of schema version {SCHEMA_VERSION}\nhint: --bridge-json writes one"
        raise GridError(message)
    return found


def of_results(results: Sequence[dict[str, Any]], *, markdown: bool) -> str:
    """Show the outcome of each check on each adapter, what was found below, and what the files are of."""
    outcomes = [{entry["id"]: entry for entry in result["checks"]} for result in results]
    heads = ["check", "level", *_heads(results)]
    rows = []
    for check in table().values():
        cells = [SHORT[by_id[check.id]["outcome"]] if check.id in by_id else "" for by_id in outcomes]
        if any(cells):
            rows.append([check.id, check.level.value, *cells])
    rows.append(["findings", "", *(str(_findings(result)) for result in results)])
    shown = [_table(heads, rows, markdown=markdown), "", *(_line(result, markdown=markdown) for result in results)]
    return "\n".join([*shown, *_messages(results, markdown=markdown)])


def _heads(results: Sequence[dict[str, Any]]) -> list[str]:
    """Name the columns: by the adapter, and by what tells two of one adapter apart."""
    count = Counter(result["adapter"] for result in results)
    return [
        result["adapter"] if count[result["adapter"]] == 1 else f"{result['adapter']}, {result['python']}"
        for result in results
    ]


def _findings(result: dict[str, Any]) -> int:
    return sum(entry["outcome"] in RED for entry in result["checks"] if entry["level"] != "INFO")


def _line(result: dict[str, Any], *, markdown: bool) -> str:
    mark = "- " if markdown else ""
    what = f"{result['adapter']} {result['driver']}".rstrip()
    return f"{mark}{what}: Python {result['python']}, depth {result['depth']}, seed {result['seed']}"


def _messages(results: Sequence[dict[str, Any]], *, markdown: bool) -> list[str]:
    lines = []
    for result in results:
        for entry in result["checks"]:
            if entry["outcome"] in RED and entry["level"] != "INFO":
                first = (entry["message"].splitlines() or [""])[0]
                lines.append(f"{'- ' if markdown else ''}{result['adapter']}: {entry['id']}: {first}")
    return ["", "What was found:", "", *lines] if lines else []


def of_checks(checks: Iterable[Check], *, markdown: bool) -> str:
    """Show each check with its level, what holds, why, and where it comes from."""
    heads = ["id", "level", "what holds", "why", "source", "needs"]
    rows = [
        [
            f"`{check.id}`" if markdown else check.id,
            check.level.value,
            check.holds,
            check.why,
            _source(check.source) if markdown else check.source,
            ", ".join(check.needs),
        ]
        for check in checks
    ]
    if markdown:
        return _table(heads, rows, markdown=True)
    return "\n".join(f"{row[0]} ({row[1]})\n  {row[2]}\n  {row[3]}\n  {row[4]}" for row in rows)


def _source(source: str) -> str:
    """Link an issue: `owner/repo#1`."""
    name, mark, number = source.partition("#")
    if mark and number.isdigit() and name.count("/") == 1:
        return f"[{source}](https://github.com/{name}/issues/{number})"
    return f"[documentation]({source})" if source.startswith("https://") else source


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, markdown: bool) -> str:
    if markdown:
        lines = [heads, ["---"] * len(heads), *rows]
        return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
    widths = [max(len(row[column]) for row in [heads, *rows]) for column in range(len(heads))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in [heads, *rows]
    )
