"""Does a cell learn the release of each service from the service itself?"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from matrix_cell import service
from matrix_cell.service import program
from matrix_cell.unobservable import UnobservableError

if TYPE_CHECKING:
    from plugin.cell_run import RunCell


def prints(text: str) -> list[str]:
    """Return a command that prints `text`."""
    return [sys.executable, "-c", f"print({text!r})"]


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("nats-server: v2.10.4\n", "2.10.4"),
        ("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0", "7.0.15"),
        ("PgBouncer 1.18.0\nlibevent 2.1.12", "1.18.0"),
        ("release 7", "7"),
        ("none.", None),
    ],
)
def test_version_is_the_first_number_with_a_dot(text: str, version: str | None) -> None:
    assert program.version(text) == version


def test_release_is_as_long_as_the_requested_one() -> None:
    services = {"nats": {"kind": "program", "command": prints("nats-server: v2.10.4")}}
    assert service.observe(services, {"nats": "2.10"}) == {"nats": "2.10", "nats_full": "2.10.4"}
    assert service.observe(services, {"nats": "2"}) == {"nats": "2", "nats_full": "2.10.4"}
    assert service.observe(services, {"python": "3.12"}) == {}


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        (["/nonexistent/nats"], "cannot see a version with `/nonexistent/nats`: "),
        ([sys.executable, "-c", "exit(3)"], "returned non-zero exit status 3"),
        (prints("none"), "prints no version"),
    ],
)
def test_service_that_shows_no_version_is_unobservable(command: list[str], complaint: str) -> None:
    with pytest.raises(UnobservableError) as error:
        program.observe({"command": command}, "2.10")
    assert complaint in str(error.value)


def test_service_of_another_release_is_a_mismatch(run_cell: RunCell, monkeypatch: pytest.MonkeyPatch) -> None:
    services = {"nats": {"kind": "program", "command": prints("nats-server: v2.9.1")}}
    monkeypatch.setenv("PYO3_MATRIX_SERVICES", json.dumps(services))
    cell = run_cell("def test_a(): pass", nats="2.10")
    assert cell.result.ret == 70
    cell.result.stdout.fnmatch_lines(
        [
            "nats: expected 2.10, got 2.9",
            "  hint: the variables of this cell lead to another service than the one of this cell",
        ]
    )
