"""Does the page of a grid say all that the files say, in an order that helps, and never as anything but text?"""

from __future__ import annotations

import base64
import hashlib
import json
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from pytest_pyo3_bridge.__main__ import main
from pytest_pyo3_bridge.catalogue import table
from pytest_pyo3_bridge.grid import heads_of
from pytest_pyo3_bridge.grid import of_results as as_text
from pytest_pyo3_bridge.page import of_results

if TYPE_CHECKING:
    from pathlib import Path

VOID = {"meta", "wbr"}
ATTRIBUTES = {
    "aria-label",
    "charset",
    "class",
    "content",
    "href",
    "http-equiv",
    "id",
    "lang",
    "name",
    "role",
    "scope",
    "tabindex",
}
HOSTILE = "</td><script>alert(1)</script><img src=x onerror='alert(2)'>\"&amp;"


def entry(check_id: str, outcome: str = "passed", message: str = "", **more: Any) -> dict[str, Any]:
    level = table()[check_id].level.value if check_id in table() else "MUST"
    empty: dict[str, Any] = {"seconds": 0.1, "notes": {}, "hang": None, "incident": None}
    return {"id": check_id, "level": level, "outcome": outcome, "message": message, **empty, **more}


def result(*checks: dict[str, Any], **more: Any) -> dict[str, Any]:
    origin = {"adapter": "A", "driver": "d 1", "kind": "postgres", "python": "3.12.1", "depth": "quick", "seed": 1}
    return {"schema_version": 1, "kit": "1", "implementation": "CPython", **origin, "checks": list(checks), **more}


class Page(HTMLParser):
    """What a browser has of a page: its tables as rows of texts, and all elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tables: list[list[list[str]]] = []
        self.folded: list[bool] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(text)
        assert self.open == [], "an element is not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag in VOID:
            return
        self.open.append(tag)
        self.texts.setdefault(tag, []).append("")
        if tag == "table":
            self.tables.append([])
            self.folded.append("details" in self.open)
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in {"th", "td"}:
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        for tag in set(self.open):
            self.texts[tag][-1] += data
        if {"th", "td"} & set(self.open):
            self.tables[-1][-1][-1] += data

    def rows(self, *, folded: bool) -> list[list[str]]:
        """Return the rows of the grids with their heads; what was recorded is in a grid of its own behind them."""
        grids = [grid for grid, is_folded in zip(self.tables, self.folded) if is_folded is folded]
        return [row for grid in grids for row in grid if grid[0][-1] == "what holds"]


def read(*results: dict[str, Any]) -> Page:
    return Page(of_results(results))


def test_every_check_is_there_with_the_outcome_on_each_adapter() -> None:
    outcomes = ["passed", "failed", "hung", "crashed", "recorded", "known", "stale", "not applicable"]
    known = {"known": {"reason": "as in 1.0", "link": "https://example.org/1", "was": "failed"}}
    first = [entry(name, outcomes[at % 8], notes=known) for at, name in enumerate(table())]
    second = [entry(name, outcomes[at % 7], notes=known) for at, name in enumerate(table())]
    page = read(result(*first), result(*second, adapter="B"))
    shown = {row[0].split()[0]: row[1:-1] for row in page.rows(folded=False) + page.rows(folded=True)}
    shown = {name: cells * (3 - len(cells)) for name, cells in shown.items() if name != "check"}
    assert shown == {one["id"]: [one["outcome"], two["outcome"]] for one, two in zip(first, second)}
    holds = {row[0].split()[0]: row[-1] for row in page.rows(folded=False) + page.rows(folded=True)}
    assert all(holds[name].startswith(check.holds) for name, check in table().items())


def test_a_check_or_an_outcome_of_another_kit_is_shown_in_each_format() -> None:
    theirs = result(entry("core/of-tomorrow", "wobbly", holds="it does not wobble"))
    assert read(theirs).rows(folded=False)[1] == ["core/of-tomorrow MUST", "wobbly", "it does not wobble "]
    assert "core/of-tomorrow  MUST   wobbly" in as_text([theirs], markdown=False)


def test_what_was_found_stands_first_then_what_differs_and_the_rest_is_folded() -> None:
    ids = ["core/error-arrives", "core/cancel-during", "core/every-answer-comes", "core/task-group", "core/error-cause"]
    one = ["passed", "passed", "passed", "passed", "recorded"]
    two = ["passed", "not applicable", "hung", "passed", "recorded"]
    page = read(result(*map(entry, ids, one)), result(*map(entry, ids, two), adapter="B"))
    assert [row[0].split()[0] for row in page.rows(folded=False)[1:]] == [ids[2], ids[1]]
    assert {row[0].split()[0] for row in page.rows(folded=True)[1:]} == {ids[0], ids[3], ids[4]}
    assert page.texts["summary"] == ["3 of 5 checks are the same, and well, on every adapter: 2 passed, 1 recorded"]


def test_what_is_red_everywhere_is_not_folded() -> None:
    page = read(result(entry("core/task-group", "failed")), result(entry("core/task-group", "failed"), adapter="B"))
    assert page.rows(folded=True) == []


def test_a_check_that_one_adapter_did_not_make_differs_unless_its_layer_is_another() -> None:
    both = [entry("core/task-group"), entry("postgres/pipeline", "recorded")]
    page = read(result(*both), result(both[0], adapter="B", kind="core"))
    assert [row[0].split()[0] for row in page.rows(folded=True)] == ["check", both[0]["id"], "check", both[1]["id"]]
    page = read(result(*both), result(both[0], adapter="B"))
    assert page.rows(folded=False)[1][1:3] == ["recorded", "not made"]


def test_findings_are_counted_by_level_and_those_that_are_known_apart() -> None:
    known = {"known": {"reason": "as in 1.0", "link": "https://example.org/1", "was": "failed"}}
    checks = [
        entry("core/error-arrives", "failed"),
        entry("core/cancel-during", "hung"),
        entry("core/forked-child-works-anew", "known", notes=known),
        entry("core/error-cause", "recorded", "the cause is lost"),
        entry("core/multiprocessing-fork", "stale"),
    ]
    assert "findings: 2 MUST1 SHOULD, 1 known" in read(result(*checks)).texts["p"]
    crashed = result(entry("core/error-cause", "crashed"))
    assert "findings: 0 MUST0 SHOULD1 INFO" in read(crashed).texts["p"]
    assert as_text([crashed], markdown=False).splitlines()[2].split() == ["findings", "1"]


def test_a_finding_is_told_with_the_first_lines_of_its_message_and_its_cell_leads_there() -> None:
    long = "\n".join(f"line {at}" for at in range(40))
    hung = entry("core/every-answer-comes", "hung", long, hang="lost wake-up", incident="stacks-1.txt")
    page = read(result(entry("core/task-group")), result(hung, adapter="B"), result(hung, adapter="C"))
    assert page.texts["pre"][0].splitlines()[0] == "line 0"
    assert page.texts["pre"][0].splitlines()[-1] == "… 28 more lines"
    assert {"how it hung: lost wake-up", "stacks: stacks-1.txt"} < set(page.texts["p"])
    names = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    links = [attributes["href"] for tag, attributes in page.elements if tag == "a"]
    inside = {link[1:] for link in links if link and link.startswith("#")}
    assert len(set(names)) == len(names)
    assert inside == set(names)
    assert page.texts["main"][0].count("Nothing.") == 1


def test_what_was_recorded_stands_beside_each_other() -> None:
    yes = entry("core/error-cause", "recorded", notes={"causes": "one", "pickled": "yes"})
    page = read(result(yes), result(entry("core/error-cause", "recorded", "it has none"), adapter="B"))
    assert page.tables[-1] == [["check", "A", "B"], ["core/error-cause INFO", "causes one; pickled yes", "it has none"]]


def test_hostile_texts_are_texts() -> None:
    known = {"known": {"reason": HOSTILE, "link": f"javascript:{HOSTILE}", "was": "failed"}}
    checks = [
        entry("core/error-arrives", HOSTILE),
        entry("core/cancel-during", "hung", HOSTILE, hang=HOSTILE, incident=HOSTILE),
        entry("core/task-group", "known", HOSTILE, notes=known),
        entry("core/error-cause", "recorded", HOSTILE, notes={HOSTILE: HOSTILE}),
        entry("core/panic-arrives", "not applicable", HOSTILE),
        entry(f"core/{HOSTILE}", "failed", HOSTILE, holds=HOSTILE),
    ]
    origin = dict.fromkeys(["adapter", "driver", "python", "implementation", "depth", "seed"], HOSTILE)
    page = read(result(*checks, **origin), result(*checks, **origin))
    assert not {"script", "img"} & {tag for tag, _ in page.elements}
    assert {name for _, attributes in page.elements for name in attributes} <= ATTRIBUTES
    links = [attributes["href"] or "" for tag, attributes in page.elements if tag == "a"]
    assert all(link.startswith(("#", "https://")) for link in links)
    assert page.texts["main"][0].count(HOSTILE) > 30


def test_what_controls_a_terminal_or_turns_a_text_is_left_out() -> None:
    said = "\x1b[31mred\x1b[0m \x00\x07\u202egnp.exe\x9b \ud800 ü"
    text = of_results([result(entry("core/task-group", "failed", said))])
    assert text.isascii()
    assert Page(text).texts["pre"] == ["red gnp.exe \ufffd ü"]


def test_the_page_loads_nothing_and_its_policy_knows_its_style() -> None:
    page = read(result(entry("core/task-group", "failed")))
    policies = [meta["content"] for tag, meta in page.elements if meta.get("http-equiv") == "Content-Security-Policy"]
    style = hashlib.sha256(page.texts["style"][0].encode()).digest()
    expected = f"default-src 'none'; style-src 'sha256-{base64.b64encode(style).decode()}'; "
    assert policies == [expected + "base-uri 'none'; form-action 'none'"]
    assert not [tag for tag, attributes in page.elements if "style" in attributes or "src" in attributes]
    assert "url(" not in page.texts["style"][0]


def test_each_table_has_a_caption_and_each_head_a_scope() -> None:
    page = read(result(entry("core/task-group", "failed"), entry("core/error-cause", "recorded")))
    assert len(page.texts["caption"]) == len(page.tables) == 3
    scopes = [attributes.get("scope") for tag, attributes in page.elements if tag == "th"]
    assert set(scopes) == {"col", "row"}


@pytest.mark.parametrize(
    ("more", "heads"),
    [
        ({"adapter": "B"}, ["A", "B"]),
        ({"python": "3.13.0", "seed": 2}, ["A, 3.12.1", "A, 3.13.0"]),
        ({"driver": "d 2", "seed": 2}, ["A, d 1", "A, d 2"]),
        ({"depth": "soak"}, ["A, depth quick", "A, depth soak"]),
        ({"seed": 2}, ["A, seed 1", "A, seed 2"]),
        ({}, ["A, file 1", "A, file 2"]),
    ],
)
def test_two_results_of_one_adapter_are_told_apart(more: dict[str, Any], heads: list[str]) -> None:
    results = [result(entry("core/task-group", "failed", "it is late")), result(entry("core/task-group"), **more)]
    assert heads_of(results) == heads
    page = read(*results)
    assert page.texts["h3"] == heads
    assert page.tables[0][0] == ["check", *heads, "what holds"]
    assert f"{heads[0]}: core/task-group: it is late" in as_text(results, markdown=False)


def test_the_command_writes_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "bridge.json"
    file.write_text(json.dumps(result(entry("core/task-group"))), encoding="utf-8")
    assert main(["grid", str(file), "--format", "html"]) == 0
    assert capsys.readouterr().out == of_results([result(entry("core/task-group"))]) + "\n"
    with pytest.raises(SystemExit):
        main(["checks", "--format", "html"])
