"""What stands in the JSON file? Measured benchmarks in, a document in the format of pytest-benchmark out.

Each side is an entry of its own, and both are in one group, so that `pytest-benchmark compare` sets them side by side.
Ratio, interval, seed and orders, for which the format has no place, stand in `extra_info`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from pytest_pyo3_bridge.benchmark.provenance import commit_info, gil_enabled, machine_info
from pytest_pyo3_bridge.benchmark.spread import spread

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from pytest_pyo3_bridge.benchmark.comparison import Comparison, Samples

# The release of pytest-benchmark whose format this is. Readers expect its version here, not that of the writer.
FORMAT = "5.0.0"
WRITER = "pytest-pyo3-bridge"


@dataclass(frozen=True)
class Place:
    """Where a benchmark stands in the test run.

    Attributes:
        name: The test's name with its parameters, such as `test_fetch[10]`.
        fullname: Its node id, such as `tests/test_pool.py::test_fetch[10]`.
        label: What tells the benchmarks of one test apart; None where the test has one.
        param: The id of its parameters; None where it has none.
        params: Its parameters by name.
    """

    name: str
    fullname: str
    label: str | None = None
    param: str | None = None
    params: Mapping[str, Any] | None = None

    @property
    def title(self) -> str:
        """What a table calls the benchmark."""
        return self.name if self.label is None else bracketed(self.name, self.label)

    @property
    def group(self) -> str:
        """What both sides of the benchmark have in common, and no other benchmark has."""
        return self.fullname if self.label is None else bracketed(self.fullname, self.label)


@dataclass(frozen=True)
class Measured:
    """One benchmark of the session."""

    place: Place
    comparison: Comparison


def document(benchmarks: Iterable[Measured], folder: Path) -> dict[str, Any]:
    """Return the whole document.

    Args:
        benchmarks: What was measured, in its order.
        folder: The root folder of the test run, whose commit is named.
    """
    return {
        "machine_info": machine_info(),
        "commit_info": commit_info(folder),
        "benchmarks": [entry(measured, side) for measured in benchmarks for side in measured.comparison.sides],
        "datetime": datetime.now(timezone.utc).isoformat(),
        "version": FORMAT,
        "writer": WRITER,
    }


def write(path: Path, benchmarks: Iterable[Measured], folder: Path) -> None:
    """Write the document. A reader sees the old file or the new one, never a part.

    Args:
        path: The file, which is replaced; its folder exists.
        benchmarks: What was measured, in its order.
        folder: The root folder of the test run, whose commit is named.

    Raises:
        OSError: The file cannot be written.
    """
    text = json.dumps(document(benchmarks, folder), indent=4, default=repr)
    part = path.with_name(f"{path.name}.part")
    part.write_text(f"{text}\n", encoding="utf-8")
    part.replace(path)


def entry(measured: Measured, samples: Samples) -> dict[str, Any]:
    """Return one side of a benchmark, with what it shares with the other side in `extra_info`."""
    place, settings = measured.place, measured.comparison.settings
    return {
        "group": place.group,
        "name": bracketed(place.title, samples.side),
        "fullname": bracketed(place.group, samples.side),
        "params": None if place.params is None else {name: plain(value) for name, value in place.params.items()},
        "param": place.param,
        "extra_info": {"side": samples.side, "noise": samples.noise, **shared(measured.comparison)},
        "options": {
            "disable_gc": True,
            "timer": "perf_counter",
            "min_rounds": settings.rounds,
            "max_time": settings.max_seconds,
            "min_time": settings.min_block_seconds,
            "warmup": True,
        },
        "stats": spread(samples.seconds, samples.operations),
    }


def shared(comparison: Comparison) -> dict[str, Any]:
    """Return what both sides of a benchmark have in common, by flat names."""
    ratio = comparison.ratio
    found: dict[str, Any] = {
        "concurrency": comparison.settings.concurrency,
        "loop": comparison.loop,
        "gil": gil_enabled(),
        "seed": comparison.seed,
        "first": list(comparison.first),
    }
    if ratio is not None:
        found |= {
            "ratio": ratio.estimate,
            "ratio_low": ratio.low,
            "ratio_high": ratio.high,
            "ratio_confidence": ratio.confidence,
            "ratio_resamples": ratio.resamples,
        }
    return found


def bracketed(name: str, word: str) -> str:
    """Return a name with a word among its parameters: `test[10]` becomes `test[10-word]`, as pytest would say it."""
    return f"{name[:-1]}-{word}]" if name.endswith("]") else f"{name}[{word}]"


def plain(value: object) -> object:
    """Return a value of a parameter as JSON has it; what JSON cannot say is said by `repr`."""
    return value if value is None or isinstance(value, (bool, int, float, str)) else repr(value)
