"""Is a connection string read and written as libpq has it?"""

from __future__ import annotations

import pytest

from pytest_pyo3_bridge.adapter import AdapterError
from pytest_pyo3_bridge.postgres.dsn import Dsn, parse


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgresql://a:b@c:1/d", Dsn("c", 1, "a", "b", "d")),
        ("postgres://a:b%40%2F@c/d", Dsn("c", 5432, "a", "b@/", "d")),
        ("postgresql://a@c", Dsn("c", 5432, "a", None, "a")),
        ("postgresql://a@[::1]:2/d", Dsn("::1", 2, "a", None, "d")),
        ("postgresql://a@%2Ftmp/d", Dsn("/tmp", 5432, "a", None, "d")),  # noqa: S108 (a socket's folder)
        ("postgresql:///d?host=/tmp&user=a", Dsn("/tmp", 5432, "a", None, "d")),  # noqa: S108
        ("postgresql://a@c/d?sslmode=require", Dsn("c", 5432, "a", None, "d", (("sslmode", "require"),))),
    ],
)
def test_a_string_is_read_and_written(text: str, expected: Dsn) -> None:
    assert parse(text) == expected
    assert parse(str(expected)) == expected


def test_variables_fill_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGUSER", "a")
    monkeypatch.setenv("PGPORT", "7")
    assert parse("postgresql://") == Dsn("localhost", 7, "a", None, "a")


def test_another_scheme_is_refused_without_its_password() -> None:
    with pytest.raises(AdapterError, match=r"not mysql:…$"):
        parse("mysql://a:hidden@c/d")
    with pytest.raises(AdapterError, match=r"not pairs:…$"):
        parse("host=a password=hidden")


def test_a_repr_has_no_password() -> None:
    assert "hidden" not in repr(parse("postgresql://a:hidden@c/d"))
