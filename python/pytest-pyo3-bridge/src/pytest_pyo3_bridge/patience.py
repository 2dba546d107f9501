"""How long is too long on this machine? Seconds in, those that `--bridge-patience` makes of them out."""

from __future__ import annotations

_factor = 1.0


def multiply_by(factor: float) -> None:
    """Let `patient` multiply by this in this process."""
    global _factor  # noqa: PLW0603 (a process has one patience)
    _factor = factor


def patient(seconds: float) -> float:
    """Return how many seconds to wait here for what takes less than so many elsewhere."""
    return seconds * _factor


def factor() -> float:
    """Return what `patient` multiplies by."""
    return _factor
