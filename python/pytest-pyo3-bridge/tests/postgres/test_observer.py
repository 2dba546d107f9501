"""Does an incident get the right class from what the server says, without its passwords?"""

from __future__ import annotations

from typing import Any

import pytest

from pytest_pyo3_bridge import incident
from pytest_pyo3_bridge.postgres.observer import described, literal, looker


def session(state: str, kind: str = "", event: str = "", query: str = "select 1") -> list[Any]:
    return [7, state, kind, event, "subject", "bridge", 1.5, [8] if kind == "Lock" else [], query]


@pytest.mark.parametrize(
    ("sessions", "expected"),
    [
        ([session("active", "Lock", "relation"), session("active")], incident.LOCK_ORDER),
        ([session("active", "Timeout", "PgSleep")], incident.SERVER_BUSY),
        ([session("idle in transaction", "Client", "ClientRead")], incident.POOL_EXHAUSTED),
        ([session("idle", "Client", "ClientRead")], incident.LOST_WAKE_UP),
        ([], incident.LOST_WAKE_UP),
    ],
)
def test_the_class_of_a_hang_is_read_from_the_text(sessions: list[list[Any]], expected: str) -> None:
    assert incident.Evidence(server=described(sessions, [])).hang() == expected


def test_a_session_that_waits_shows_behind_whom() -> None:
    text = described([session("active", "Lock", "relation")], [[7, "relation", "t", "ShareLock", False]])
    assert "7 active, 1.5 s, bridge, subject, waits for Lock relation, behind 8: select 1" in text
    assert "7 waits for ShareLock relation t" in text


def test_a_query_with_a_password_is_shown_without_it() -> None:
    text = described([session("active", query="alter role a\n  password 'hidden'")], [])
    assert "hidden" not in text
    assert "alter role a password '***'" in text


def test_a_server_that_is_gone_gives_a_sentence() -> None:
    pytest.importorskip("pg8000")
    look = looker("postgresql://a:hidden@127.0.0.1:1/b")
    assert look is not None
    assert "cannot be asked" in look()
    assert "hidden" not in look()


def test_a_literal_keeps_its_quotes() -> None:
    assert literal("it's") == "'it''s'"
