"""Does ``from_dsn`` find a password in libpq's password file, by libpq's rules, where nothing else gives one?"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

from fraiseql import PrototypePool
from login import listener
from pool_server import BRIDGED


def write(path: Path, content: str, mode: int = 0o600) -> None:
    path.write_bytes(content.encode())
    path.chmod(mode)


async def password(**keywords: Any) -> str | None:
    """Return the password with which a pool logs in to ``db`` as ``me``."""
    async with listener() as server:
        dsn = f"postgresql://me@127.0.0.1:{server.port}/db"
        return (await server.login(PrototypePool.from_dsn(dsn, **BRIDGED, **keywords))).get("password")


LINES = [
    ("127.0.0.1:{port}:db:me:found", "found"),
    ("*:*:*:*:found", "found"),
    ("*:{port}:*:me:found", "found"),
    ("other:*:*:*:no\n*:1:*:*:no\n*:*:other:*:no\n*:*:*:other:no\n*:*:db:me:found\n", "found"),
    ("*:*:db:me:first\n*:*:db:me:second", "first"),
    ("# *:*:*:*:no\n#*:*:*:*:no\n\nnonsense\n*:*:*:found", None),
    ("*:*:*:*:found\r\n", "found"),
    (r"127\.0.0.1:*:\d\b:\m\e:f\o\:u\\nd", r"fo:u\nd"),
    (r"\*:*:*:*:no", None),
    ("**:*:*:*:no", None),
    ("*:*:d*:*:no", None),
    ("*:*:*:*:found:and more", "found"),
    ("*:*:*:*:fóund 🦀", "fóund 🦀"),
    ("*:*:*:*:", None),
    ("", None),
]


@pytest.mark.parametrize(("lines", "expected"), LINES, ids=[row[0] for row in LINES])
async def test_the_first_line_that_fits_counts(home: Path, lines: str, expected: str | None) -> None:
    async with listener() as server:
        write(home / ".pgpass", lines.replace("{port}", str(server.port)))
        pool = PrototypePool.from_dsn(f"postgresql://me@127.0.0.1:{server.port}/db", **BRIDGED)
        assert (await server.login(pool)).get("password") == expected


async def test_a_line_in_another_encoding_is_passed_over(home: Path) -> None:
    (home / ".pgpass").write_bytes(b"*:*:*:*:\xe9\n*:*:*:*:found\n")
    (home / ".pgpass").chmod(0o600)
    assert await password() == "found"


async def test_no_file_is_no_password(home: Path) -> None:
    assert await password() is None
    (home / ".pgpass").mkdir(mode=0o700)
    assert await password() is None


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o610, 0o620, 0o644, 0o777])
async def test_a_file_that_others_can_use_is_not_read(home: Path, mode: int) -> None:
    write(home / ".pgpass", "*:*:*:*:found", mode)
    with pytest.warns(UserWarning, match=r"\.pgpass.*0600"):
        assert await password() is None


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
async def test_a_file_that_only_its_owner_can_use_is_read(home: Path, mode: int) -> None:
    write(home / ".pgpass", "*:*:*:*:found", mode)
    assert await password() == "found"


async def test_a_variable_names_another_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(home / ".pgpass", "*:*:*:*:wrong")
    write(home / "other", "*:*:*:*:found")
    monkeypatch.setenv("PGPASSFILE", str(home / "other"))
    assert await password() == "found"
    monkeypatch.setenv("PGPASSFILE", str(home / "none"))
    assert await password() is None


async def test_a_password_that_is_given_wins(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(home / ".pgpass", "*:*:*:*:file")
    assert await password(password="given") == "given"  # noqa: S106
    assert await password(password=None) is None
    monkeypatch.setenv("PGPASSWORD", "variable")
    assert await password() == "variable"


async def test_the_class_itself_reads_no_file(home: Path) -> None:
    write(home / ".pgpass", "*:*:*:*:file")
    async with listener() as server:
        login = await server.login(PrototypePool("db", "127.0.0.1", server.port, "me", **BRIDGED))
        assert "password" not in login


async def test_the_file_is_asked_for_what_the_pool_uses(home: Path) -> None:
    """That is the keywords where they are given, and a host's name rather than its address."""
    async with listener() as server:
        lines = ["name.invalid:*:db:me:by name", "127.0.0.1:*:other:you:by keyword", "*:*:me:me:own database"]
        write(home / ".pgpass", "\n".join(lines))

        async def login(dsn: str, **keywords: Any) -> str | None:
            pool = PrototypePool.from_dsn(dsn, port=server.port, **BRIDGED, **keywords)
            return (await server.login(pool)).get("password")

        assert await login("host=name.invalid hostaddr=127.0.0.1 user=me dbname=db") == "by name"
        given = {"host": "127.0.0.1", "username": "you", "database": "other"}
        assert await login("host=name.invalid user=me dbname=db", **given) == "by keyword"
        assert await login("host=127.0.0.1 user=me") == "own database"


async def test_a_socket_in_a_usual_folder_is_localhost(home: Path) -> None:
    folder = Path("/tmp")  # noqa: S108
    write(home / ".pgpass", "localhost:*:*:*:found")
    for here, expected in ((folder, "found"), (Path(tempfile.mkdtemp(dir=folder)), None)):
        async with listener(here, 40_000 + os.getpid() % 20_000) as server:
            pool = PrototypePool.from_dsn(f"host={here} port={server.port} user=me", **BRIDGED)
            assert (await server.login(pool)).get("password") == expected
    write(home / ".pgpass", f"{here}:*:*:*:found")
    here.rmdir()
