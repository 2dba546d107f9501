"""Is PgBouncer told what it needs of the server behind it?"""

from __future__ import annotations

import pytest

from pytest_pyo3_bridge.postgres.bouncer import Bouncer
from pytest_pyo3_bridge.postgres.dsn import parse
from pytest_pyo3_bridge.trial import Inapplicable


@pytest.fixture(autouse=True)
def _installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: "/usr/sbin/pgbouncer")


def line_of(dsn: str) -> str:
    """Return the line of the configuration that names the server."""
    return Bouncer(parse(dsn), 2).configuration.splitlines()[1]


def test_a_server_is_named_with_its_password_and_without_one_where_there_is_none() -> None:
    named = "d = host=127.0.0.1 port=5 dbname=d user=me"
    assert line_of("postgresql://me:secret@127.0.0.1:5/d") == f"{named} password=secret"
    assert line_of("postgresql://me@127.0.0.1:5/d") == named


@pytest.mark.parametrize("dsn", ["postgresql://me@%2Ftmp:5/d", "postgresql://me:it%27s@127.0.0.1:5/d"])
def test_a_server_that_its_file_cannot_name_is_refused(dsn: str) -> None:
    with pytest.raises(Inapplicable, match="cannot name this server"):
        line_of(dsn)
