"""How do several adapters compare, for people who look at it? Result files in, one HTML page that loads nothing out."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from pytest_pyo3_bridge.grid import (
    NOT_MADE,
    OTHER_LAYER,
    WELL,
    findings,
    heads_of,
    is_finding,
    link_of,
    rows_of,
)
from pytest_pyo3_bridge.markup import Markup, breakable, document, joined, tag
from pytest_pyo3_bridge.page_style import STYLE
from pytest_pyo3_bridge.summary import recorded

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_pyo3_bridge.grid import Row

# How much of a message is shown: its first lines, and characters of them.
LINES, CHARACTERS = 12, 1200
# The same of what a check of free behaviour saw, and of the reason why a check is not applicable.
SHORT_LINES, SHORT_CHARACTERS = 4, 300
LEVELS = (
    "MUST: who breaks it loses data, hangs or crashes. SHOULD: who breaks it surprises users. "
    "INFO: the behaviour is free, and recorded."
)


def of_results(results: Sequence[dict[str, Any]]) -> str:
    """Return the page: the adapters, the grid of each layer, what was found, and the behaviour that is free."""
    heads, rows = heads_of(results), rows_of(results)
    title = f"{len(heads)} adapters side by side" if len(heads) > 1 else f"What was found on {heads[0]}"
    return document(
        f"{title}: conformance of the bridge",
        STYLE,
        tag(
            "header", tag("p", "pytest-pyo3-bridge", class_="brand"), tag("h1", title), tag("p", LEVELS, class_="note")
        ),
        tag(
            "main",
            tag("ul", *(_adapter(at, head, results[at]) for at, head in enumerate(heads)), class_="adapters"),
            *(_layer(layer, [row for row in rows if row.layer == layer], heads) for layer in _layers(rows)),
            _found(heads, rows),
            _free(heads, [row for row in rows if "recorded" in row.outcomes]),
        ),
    )


def _layers(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(row.layer for row in rows))


def _adapter(at: int, head: str, result: dict[str, Any]) -> Markup:
    """Show what a file is of, and how many findings of each level it has."""
    found = Counter(entry["level"] for entry in findings(result))
    known = Counter(entry["level"] for entry in findings(result) if entry["outcome"] == "known")
    levels = ["MUST", "SHOULD", *(["INFO"] if found["INFO"] else [])]
    facts = {
        "driver": result["driver"] or "not told",
        "Python": f"{result['implementation']} {result['python']}",
        "depth": result["depth"],
        "seed": str(result["seed"]),
        "checks": _tally(entry["outcome"] for entry in result["checks"]),
    }
    return tag(
        "li",
        tag("h2", breakable(head)),
        tag("p", "findings: ", *(_count(level, found[level], known[level]) for level in levels), class_="counts"),
        tag("dl", *(tag("div", tag("dt", name), tag("dd", value)) for name, value in facts.items())),
        id=f"adapter-{at}",
    )


def _count(level: str, found: int, known: int) -> Markup:
    tone = "none" if not found else "flaky" if known == found else "bad"
    return tag("span", f"{found} {level}{f', {known} known' if known else ''}", class_=f"outcome {tone}")


def _tally(outcomes: Iterable[str]) -> str:
    return ", ".join(f"{count} {outcome}" for outcome, count in Counter(outcomes).most_common()) or "none was made"


def _layer(layer: str, rows: Sequence[Row], heads: Sequence[str]) -> Markup:
    """Show the checks of a layer: the red ones first, then those that differ, and folded those that are well."""
    told = sorted((row for row in rows if not row.is_plain), key=lambda row: not row.is_red)
    plain = [row for row in rows if row.is_plain]
    parts = [tag("h2", f"Layer {layer}")]
    if told:
        red = sum(row.is_red for row in told)
        caption = f"{layer}: {red} of {len(rows)} checks found something, {len(told) - red} more differ"
        columns = ["check", *_columns(heads), "what holds"]
        parts.append(_table(caption, columns, [[_check(row), *_outcomes(row), _holds(row)] for row in told]))
    if plain:
        where = "on every adapter" if len(heads) > 1 else f"on {heads[0]}"
        same = "the same, and well, " if len(heads) > 1 else "well "
        tally = _tally(_agreed(row) for row in plain)
        said = f"{len(plain)} of {len(rows)} checks {'is' if len(plain) == 1 else 'are'} {same}{where}: {tally}"
        body = [[_check(row), _outcome(_agreed(row), _why(row)), _holds(row)] for row in plain]
        table = _table(f"{layer}: {same}{where}", ["check", where, "what holds"], body)
        parts.append(tag("details", tag("summary", said), table))
    return tag("section", *parts)


def _table(caption: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Markup:
    """Make a table whose first cells stay in sight; it is scrolled by keys as well."""
    head = tag("tr", *(tag("th", name, scope="col") for name in heads))
    lines = (tag("tr", tag("th", row[0], scope="row"), *(tag("td", cell) for cell in row[1:])) for row in rows)
    table = tag("table", tag("caption", tag("span", caption)), tag("thead", head), tag("tbody", *lines))
    return tag("div", table, class_="table", role="region", tabindex="0", aria_label=caption)


def _columns(heads: Sequence[str]) -> list[Markup]:
    return [tag("a", breakable(head), href=f"#adapter-{at}") for at, head in enumerate(heads)]


def _check(row: Row) -> Markup:
    return joined(tag("code", breakable(row.id)), " ", tag("span", row.level, class_="level"))


def _holds(row: Row) -> Markup:
    name, address = link_of(row.source)
    return tag("div", row.holds, " ", tag("a", name, href=address) if address else name, class_="holds")


def _outcomes(row: Row) -> list[Markup]:
    shown = []
    for at, (outcome, entry) in enumerate(zip(row.outcomes, row.entries)):
        if entry and is_finding(entry):
            shown.append(_outcome(outcome, "", f"#{_anchor(at, row)}"))
        else:
            shown.append(_outcome(outcome, _reason(entry)))
    return shown


def _outcome(outcome: str, why: str, href: str = "") -> Markup:
    """Show an outcome by its word, in the colours of its tone, with the reason below."""
    word = tag("a", outcome, href=href) if href else outcome
    return joined(tag("span", word, class_=f"outcome {_tone(outcome)}"), tag("small", why) if why else "")


def _tone(outcome: str) -> str:
    if outcome in {"not applicable", NOT_MADE, OTHER_LAYER}:
        return "none"
    return "good" if outcome in WELL else "flaky" if outcome == "known" else "bad"


def _agreed(row: Row) -> str:
    return next(outcome for outcome in row.outcomes if outcome != OTHER_LAYER)


def _why(row: Row) -> str:
    """Say why a check is not applicable: once, where all adapters have one reason."""
    return "\n".join(dict.fromkeys(filter(None, map(_reason, row.entries))))


def _reason(entry: dict[str, Any] | None) -> str:
    if entry is None or entry["outcome"] != "not applicable":
        return ""
    return _cut(entry["message"], SHORT_LINES, SHORT_CHARACTERS)


def _anchor(at: int, row: Row) -> str:
    return f"found-{at}-{row.id}".replace(" ", "-")


def _found(heads: Sequence[str], rows: Sequence[Row]) -> Markup:
    """Show each finding of each adapter with the first lines of its message."""
    parts = []
    for at, head in enumerate(heads):
        entries = ((row, row.entries[at]) for row in rows)
        found = [_finding(_anchor(at, row), entry) for row, entry in entries if entry and is_finding(entry)]
        parts += [
            tag("h3", breakable(head)),
            tag("ul", *found, class_="found") if found else tag("p", "Nothing.", class_="soft"),
        ]
    return tag("section", tag("h2", "What was found"), *parts)


def _finding(anchor: str, entry: dict[str, Any]) -> Markup:
    more = []
    if entry["hang"]:
        more.append(tag("p", f"how it hung: {entry['hang']}"))
    if entry["incident"]:
        more.append(tag("p", "stacks: ", tag("code", entry["incident"])))
    if entry["outcome"] == "known":
        known = entry["notes"]["known"]
        address = known["link"] if known["link"].startswith("https://") else ""
        link = tag("a", known["link"], href=address) if address else known["link"]
        more.append(tag("p", f"known: {known['reason']} ", link))
    message = tag("pre", _cut(entry["message"], LINES, CHARACTERS)) if entry["message"] else ""
    line = tag(
        "p",
        _outcome(entry["outcome"], ""),
        " ",
        tag("code", entry["id"]),
        " ",
        tag("span", entry["level"], class_="level"),
    )
    return tag("li", line, message, *more, id=anchor)


def _cut(message: str, lines: int, characters: int) -> str:
    """Return the first lines of a message, and say how much is left out."""
    whole = message.splitlines()
    shown = "\n".join(whole[:lines])
    if len(shown) > characters:
        return f"{shown[:characters]} … (cut; the file has all of it)"
    return f"{shown}\n… {len(whole) - lines} more lines" if len(whole) > lines else shown


def _free(heads: Sequence[str], rows: Sequence[Row]) -> Markup:
    """Show what the checks of free behaviour saw on each adapter."""
    if not rows:
        return Markup("")
    body = [[_check(row), *map(_saw, row.outcomes, row.entries)] for row in rows]
    return tag(
        "section", tag("h2", "Behaviour that is free"), _table("what was recorded", ["check", *_columns(heads)], body)
    )


def _saw(outcome: str, entry: dict[str, Any] | None) -> Markup:
    if entry is None or outcome != "recorded":
        return _outcome(outcome, _reason(entry))
    return tag("div", _cut(recorded(entry["message"], entry["notes"]), SHORT_LINES, SHORT_CHARACTERS), class_="saw")
