"""Does an incident get the right class from what the server says, without its passwords?"""

from __future__ import annotations

import socket
import ssl
import threading
from typing import Any

import pytest

from pytest_pyo3_bridge import incident
from pytest_pyo3_bridge.postgres.dsn import parse
from pytest_pyo3_bridge.postgres.observer import connect, described, literal, looker

# What asks a server for TLS, and the length with which a session begins in the clear.
TLS, CLEAR = (8).to_bytes(4, "big") + (80877103).to_bytes(4, "big"), (196608).to_bytes(4, "big")
FIELDS = b"SFATAL\0C28000\0Mnot you\0\0"
REFUSED = b"E" + (4 + len(FIELDS)).to_bytes(4, "big") + FIELDS


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


@pytest.mark.parametrize(
    ("mode", "asked"), [("", [TLS, CLEAR]), ("?sslmode=disable", [CLEAR]), ("?sslmode=require", [TLS])]
)
def test_the_kits_own_session_asks_for_tls_as_libpq_does_and_reads_no_certificates(
    mode: str, asked: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pg8000")
    # They take longer than all else that a check does, and are not looked at.
    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", lambda *_: pytest.fail("certificates were read"))
    said: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        refusing = threading.Thread(target=_refuse, args=(server, said), daemon=True)
        refusing.start()
        port = server.getsockname()[1]
        with pytest.raises(Exception, match="refuses SSL" if mode == "?sslmode=require" else "not you"):
            connect(parse(f"postgresql://a:b@127.0.0.1:{port}/c{mode}"))
        server.shutdown(socket.SHUT_RDWR)
        refusing.join(5)
    assert said == asked


def _refuse(server: socket.socket, said: list[bytes]) -> None:
    """Say no to TLS and to sessions, and keep how each connection begins, or goes on after the no."""
    while True:
        try:
            session, _ = server.accept()
        except OSError:
            return
        with session:
            while begun := session.recv(8):
                said.append(begun if begun == TLS else begun[4:])
                if begun == TLS:
                    session.sendall(b"N")
                    continue
                session.recv(int.from_bytes(begun[:4], "big"))
                session.sendall(REFUSED)
                # Until it has said goodbye.
                session.recv(8)
