"""Is each planted fault caught by the check that is meant for it, and nothing found where nothing is planted?

The table stands in the cell's folder afterwards, as `detection.md` and `detection.json`.
"""

from __future__ import annotations

import dataclasses
import json
import os
import secrets
from pathlib import Path
from typing import Callable

import pytest

from pytest_pyo3_bridge import detection

PROJECT = Path(__file__).resolve().parents[1]
ADAPTERS = {layer: f"{PROJECT / 'adapter.py'}:{layer.title()}" for layer in ("core", "postgres")}
FAULTS = detection.concern(detection.read(PROJECT / "faults.toml"), ADAPTERS, detection.builds())
DEPTH = os.environ.get("BRIDGE_DEPTH", "default")
SEED = int(os.environ.get("BRIDGE_SEED") or secrets.randbelow(1 << 31))

Detect = Callable[[detection.Fault], detection.Detected]


@pytest.fixture(scope="module")
def detect() -> Detect:
    """Run the kit with one fault planted, and keep the table up to date."""
    folder = Path(os.environ.get("PYO3_MATRIX_OUT") or PROJECT / "target")
    found: list[detection.Detected] = []

    def run(fault: detection.Fault) -> detection.Detected:
        one = detection.detect(fault, ADAPTERS[fault.layer], DEPTH, SEED, ["-k", f"{fault.layer}/"])
        found.append(one)
        head = f"depth {DEPTH}, seed {SEED}\n\n"
        folder.joinpath("detection.md").write_text(head + detection.markdown(found) + "\n", encoding="utf-8")
        text = json.dumps([dataclasses.asdict(each) for each in found], indent=2)
        folder.joinpath("detection.json").write_text(text + "\n", encoding="utf-8")
        return one

    return run


@pytest.mark.parametrize("layer", ADAPTERS)
def test_nothing_is_found_where_nothing_is_planted(layer: str, detect: Detect) -> None:
    found = detect(detection.Fault(detection.CLEAN, "nothing is planted", layer, ()))
    assert not found.problem
    assert not found.found, f"seed {SEED}"


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_each_fault_is_caught_by_the_check_that_is_meant_for_it(fault: detection.Fault, detect: Detect) -> None:
    found = detect(fault)
    assert not found.problem
    assert found.caught_by, f"seed {SEED}: {fault.caught_by} found nothing; found by {sorted(found.found) or 'none'}"
