"""How do several adapters compare? Result files in, a grid of checks by adapters out: rows, text or Markdown."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_pyo3_bridge.catalogue import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from pytest_pyo3_bridge.catalogue import Check

SCHEMA_VERSION = 1
# Where a file says nothing of a check: it was not made, or the adapter is none of that layer.
NOT_MADE = "not made"
OTHER_LAYER = "other layer"
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
    NOT_MADE: "",
    OTHER_LAYER: "",
}
RED = {"failed", "hung", "crashed", "stale", "known"}
ENDED_BADLY = {"hung", "crashed"}
WELL = {"passed", "recorded", "not applicable"}


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


@dataclass(frozen=True)
class Row:
    """A check beside what came of it on each adapter.

    Attributes:
        id: the check's.
        level: the check's.
        holds: what holds if it passes; empty where neither the kit nor a file says it.
        source: where the check comes from; empty if this kit does not have it.
        entries: what each file says of it, in the order of the files; none where a file does not say anything.
        outcomes: the outcome of each entry, else `NOT_MADE` or `OTHER_LAYER`.
    """

    id: str
    level: str
    holds: str
    source: str
    entries: Sequence[dict[str, Any] | None]
    outcomes: Sequence[str]

    @property
    def layer(self) -> str:
        """``core`` or ``postgres``."""
        return self.id.split("/")[0]

    @property
    def is_red(self) -> bool:
        """Whether it is a finding on one adapter or more."""
        return any(entry and is_finding(entry) for entry in self.entries)

    @property
    def is_plain(self) -> bool:
        """Whether it is the same, and well, on every adapter that its layer concerns."""
        outcomes = set(self.outcomes) - {OTHER_LAYER}
        return len(outcomes) == 1 and outcomes <= WELL


def rows_of(results: Sequence[dict[str, Any]]) -> list[Row]:
    """Return a row for each check of the files: in the kit's order, and then those that only a file knows."""
    entries = [{entry["id"]: entry for entry in result["checks"]} for result in results]
    checks = table()
    named = {check_id: None for by_id in entries for check_id in by_id}
    ids = [*(check_id for check_id in checks if check_id in named), *(name for name in named if name not in checks)]
    return [
        _row(check_id, checks.get(check_id), [by_id.get(check_id) for by_id in entries], results) for check_id in ids
    ]


def _row(
    check_id: str, check: Check | None, entries: list[dict[str, Any] | None], results: Sequence[dict[str, Any]]
) -> Row:
    postgres = check_id.startswith("postgres/")
    outcomes = [
        entry["outcome"] if entry else OTHER_LAYER if postgres and result["kind"] == "core" else NOT_MADE
        for entry, result in zip(entries, results)
    ]
    if check is not None:
        return Row(check.id, check.level.value, check.holds, check.source, entries, outcomes)
    first = next(entry for entry in entries if entry)
    return Row(check_id, first["level"], first.get("holds", ""), "", entries, outcomes)


def of_results(results: Sequence[dict[str, Any]], *, markdown: bool) -> str:
    """Show the outcome of each check on each adapter, what was found below, and what the files are of."""
    heads = ["check", "level", *heads_of(results)]
    rows = [[row.id, row.level, *(SHORT.get(outcome, outcome) for outcome in row.outcomes)] for row in rows_of(results)]
    rows.append(["findings", "", *(str(len(findings(result))) for result in results)])
    shown = [_table(heads, rows, markdown=markdown), "", *(_line(result, markdown=markdown) for result in results)]
    return "\n".join([*shown, *_messages(results, markdown=markdown)])


def heads_of(results: Sequence[dict[str, Any]]) -> list[str]:
    """Name the columns: by the adapter, and by what tells two of one adapter apart."""
    heads = [result["adapter"] for result in results]
    for told in ("python", "driver", "depth", "seed"):
        count = Counter(heads)
        values: dict[str, set[str]] = {}
        for head, result in zip(heads, results):
            values.setdefault(head, set()).add(str(result[told]))
        heads = [
            f"{head}, {_told(told, result)}" if count[head] > 1 and len(values[head]) > 1 else head
            for head, result in zip(heads, results)
        ]
    count = Counter(heads)
    return [f"{head}, file {at}" if count[head] > 1 else head for at, head in enumerate(heads, 1)]


def _told(name: str, result: dict[str, Any]) -> str:
    return f"{name} {result[name]}" if name in {"depth", "seed"} else str(result[name])


def is_finding(entry: dict[str, Any]) -> bool:
    """Whether a check did not hold. One that records free behaviour finds something only if it hangs or crashes."""
    return entry["outcome"] in (ENDED_BADLY if entry["level"] == "INFO" else RED)


def findings(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the entries of what was found on an adapter."""
    return [entry for entry in result["checks"] if is_finding(entry)]


def _line(result: dict[str, Any], *, markdown: bool) -> str:
    mark = "- " if markdown else ""
    what = f"{result['adapter']} {result['driver']}".rstrip()
    return f"{mark}{what}: Python {result['python']}, depth {result['depth']}, seed {result['seed']}"


def _messages(results: Sequence[dict[str, Any]], *, markdown: bool) -> list[str]:
    lines = []
    for head, result in zip(heads_of(results), results):
        for entry in findings(result):
            first = (entry["message"].splitlines() or [""])[0]
            lines.append(f"{'- ' if markdown else ''}{head}: {entry['id']}: {first}")
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


def link_of(source: str) -> tuple[str, str]:
    """Return what a source is called, and its address: none if it is neither an issue (`owner/repo#1`) nor a page."""
    name, mark, number = source.partition("#")
    if mark and number.isdigit() and name.count("/") == 1:
        return source, f"https://github.com/{name}/issues/{number}"
    return ("documentation", source) if source.startswith("https://") else (source, "")


def _source(source: str) -> str:
    name, address = link_of(source)
    return f"[{name}]({address})" if address else name


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, markdown: bool) -> str:
    if markdown:
        lines = [heads, ["---"] * len(heads), *rows]
        return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
    widths = [max(len(row[column]) for row in [heads, *rows]) for column in range(len(heads))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in [heads, *rows]
    )
