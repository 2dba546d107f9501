"""Does the table fit, and does it say which numbers to doubt? Results and a width in, lines out."""

from __future__ import annotations

import pytest

from pytest_pyo3_bridge.benchmark.document import Place
from pytest_pyo3_bridge.benchmark.interval import Ratio
from pytest_pyo3_bridge.benchmark.table import duration, lines, remarks

from .results import measured

LONG = Place("test_" + "long_" * 40 + "end", "tests/test_pool.py::test_" + "long_" * 40 + "end")
ALONE = Place("test_alone", "tests/test_pool.py::test_alone")


def test_a_line_has_name_medians_and_ratio() -> None:
    assert lines([measured(), measured(ALONE, control=None)], 80) == [
        "                candidate  control  control/candidate",
        "test_fetch[10]    1.00 ms  2.00 ms  2.00 [1.90, 2.10]",
        "test_alone        1.00 ms        -                  -",
    ]


@pytest.mark.parametrize(("terminal", "table"), [(20, 60), (60, 60), (80, 80), (120, 120), (400, 120)])
def test_the_table_takes_60_to_120_columns(terminal: int, table: int) -> None:
    found = lines([measured(), measured(LONG, ratio=Ratio(123.45, 100.0, 150.0))], terminal)
    assert {len(line) for line in found} == {table}


def test_a_long_name_loses_its_middle() -> None:
    name = lines([measured(LONG)], 80)[1].split("  ", maxsplit=1)[0]
    assert (name[:10], name[-9:], ".." in name) == ("test_long_", "_long_end", True)


def test_tests_of_the_same_name_are_told_apart_by_their_files() -> None:
    places = [Place("test_fetch", f"tests/{module}.py::test_fetch") for module in ("test_a", "test_b")]
    found = lines([measured(place) for place in places], 120)
    assert [line.split()[0] for line in found[1:]] == [place.fullname for place in places]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (2.0, "2.00 s"),
        (123.4, "123 s"),
        (0.9999, "1.00 s"),
        (0.0123, "12.3 ms"),
        (9.996e-3, "10.0 ms"),
        (0.0009999, "1.00 ms"),
        (1.234e-6, "1.23 us"),
        (99.96e-6, "100 us"),
        (45e-9, "45.0 ns"),
    ],
)
def test_a_duration_has_three_digits(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_noisy_and_shortened_benchmarks_are_named() -> None:
    loud = measured(ALONE, candidate=(1.0, 1.2, 0.8))
    assert remarks([measured(rounds=9), loud]) == [
        "test_fetch[10]: 3 of 9 rounds, since max_seconds was over",
        "test_fetch[10]: noisy, its blocks vary by 10% (median deviation)",
        "test_alone: noisy, its blocks vary by 20% (median deviation)",
    ]


def test_quiet_benchmarks_have_no_remark() -> None:
    assert remarks([measured(candidate=(1.0, 1.01, 1.02), control=(2.0, 2.01, 2.02))]) == []
