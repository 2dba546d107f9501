"""Do the tests run in this process, the only one that is checked? pytest's configuration in, a refusal or None out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

REFUSAL = (
    "pytest-xdist would run the tests in processes of its own, where nothing checks which wheel is loaded\n"
    "hint: leave -n, --dist and --tx out of [suite] in matrix.toml and out of addopts, or add -n 0; "
    "where no option of xdist is given, -p no:xdist will do"
)


def refusal(config: pytest.Config) -> str | None:
    """Say why this session cannot be a cell's; `-n 0` leaves the tests in this process."""
    distributed = config.getoption("dist", None) not in (None, "no") and config.getoption("tx", None)
    if distributed or config.getoption("numprocesses", None) or hasattr(config, "workerinput"):
        return REFUSAL
    return None
