"""Is the table in the docs the table of the kit?"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from pytest_pyo3_bridge.catalogue import Level, table
from pytest_pyo3_bridge.grid import of_checks

DOCS = Path(__file__).resolve().parents[3] / "docs" / "conformance.md"
BEGIN, END = "<!-- checks: begin -->\n", "<!-- checks: end -->\n"


@pytest.mark.skipif(not DOCS.exists(), reason="the kit stands alone, without the repository's docs")
def test_the_docs_have_every_check() -> None:
    text = DOCS.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    made = f"{before}{BEGIN}{of_checks(table().values(), markdown=True)}\n{END}{after}"
    if os.environ.get("PYO3_BRIDGE_BLESS"):
        DOCS.write_text(made, encoding="utf-8")
    assert text == made, "run this test with PYO3_BRIDGE_BLESS=1"


def test_each_check_has_an_id_of_its_layer_a_reason_and_a_source() -> None:
    for check in table().values():
        assert re.fullmatch(r"(core|postgres)/[a-z0-9-]+", check.id)
        assert (
            check.holds[0].islower() or check.holds.split()[0].isupper() or check.holds.startswith(("Ctrl-C", "Python"))
        )
        assert check.why.endswith("."), check.id
        assert re.fullmatch(r"[\w.-]+/[\w.-]+#\d+|https://\S+", check.source), (check.id, check.source)
        assert check.level in Level
