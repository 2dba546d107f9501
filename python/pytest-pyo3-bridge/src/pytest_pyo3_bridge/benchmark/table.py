"""How are benchmarks shown at the end of a run? Measured benchmarks and a width in, lines of plain text out."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_pyo3_bridge.benchmark.comparison import Samples
    from pytest_pyo3_bridge.benchmark.document import Measured

HEADER = ("", "candidate", "control", "control/candidate")
NARROWEST = 60
WIDEST = 120
LEAST_NAME = 12
GAP = 2
UNITS = (("s", 1.0), ("ms", 1e-3), ("us", 1e-6))
# Two sides that differ by less than a few percent cannot be told apart in such noise.
LOUD = 0.05


def lines(benchmarks: Sequence[Measured], width: int) -> list[str]:
    """Return a header and one line per benchmark: name, both medians, and the ratio with its interval.

    Args:
        benchmarks: What was measured, in its order.
        width: The terminal's width; the table takes 60 to 120 columns.
    """
    names = [_name(measured, Counter(other.place.title for other in benchmarks)) for measured in benchmarks]
    rows = [HEADER, *(_row(name, measured) for name, measured in zip(names, benchmarks))]
    widths = [max(len(row[column]) for row in rows) for column in range(1, len(HEADER))]
    room = min(max(width, NARROWEST), WIDEST) - sum(widths) - GAP * len(widths)
    room = min(max(room, LEAST_NAME), max(len(row[0]) for row in rows))
    return [_line(row, room, widths) for row in rows]


def remarks(benchmarks: Sequence[Measured]) -> list[str]:
    """Return what a reader must know before believing the table: loud benchmarks, and those cut short."""
    said = []
    for measured in benchmarks:
        found, asked = measured.comparison, measured.comparison.settings.rounds
        if found.rounds < asked:
            said.append(f"{measured.place.title}: {found.rounds} of {asked} rounds, since max_seconds was over")
        if found.noise > LOUD:
            said.append(f"{measured.place.title}: noisy, its blocks vary by {found.noise:.0%} (median deviation)")
    return said


def duration(seconds: float) -> str:
    """Return a duration with three digits and its unit, such as `12.3 us`."""
    for unit, size in UNITS:
        # Compared as it would be shown: 999.9 us is a millisecond.
        if seconds >= size * 0.9995:
            return f"{_three_digits(seconds / size)} {unit}"
    return f"{_three_digits(seconds / 1e-9)} ns"


def _three_digits(value: float) -> str:
    for limit, digits in ((9.995, 2), (99.95, 1)):
        if value < limit:
            return f"{value:.{digits}f}"
    return f"{value:.0f}"


def _name(measured: Measured, titles: Counter[str]) -> str:
    return measured.place.title if titles[measured.place.title] == 1 else measured.place.group


def _row(name: str, measured: Measured) -> tuple[str, str, str, str]:
    found = measured.comparison
    return (name, _median(found.candidate), _median(found.control), "-" if found.ratio is None else str(found.ratio))


def _median(samples: Samples | None) -> str:
    return "-" if samples is None else duration(samples.median)


def _line(row: Sequence[str], room: int, widths: Sequence[int]) -> str:
    name, cells = row[0], row[1:]
    if len(name) > room:
        # The end tells parameters apart, the start the tests.
        half = (room - 2) // 2
        name = f"{name[: room - 2 - half]}..{name[-half:]}"
    return (" " * GAP).join([name.ljust(room), *(cell.rjust(size) for cell, size in zip(cells, widths))])
