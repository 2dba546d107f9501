"""Does ``from_dsn`` read a connection string, libpq's variables and their order, and refuse what the pool lacks?"""

from __future__ import annotations

import asyncio
import socket
import traceback
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from fraiseql import CannotConnectError, PrototypePool
from login import listener
from pool_server import BRIDGED, DEADLINE, SETTINGS

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.usefixtures("home")


def url() -> str:
    """Return the server of this run as a URL."""
    user, password = quote(SETTINGS["username"], safe=""), quote(SETTINGS["password"] or "", safe="")
    where = f"{quote(SETTINGS['host'], safe='')}:{SETTINGS['port']}/{quote(SETTINGS['database'], safe='')}"
    return f"postgresql://{user}:{password}@{where}"


def pairs() -> str:
    """Return the server of this run as libpq's pairs."""
    named = {"dbname": "database", "host": "host", "port": "port", "user": "username", "password": "password"}
    values = {key: str(SETTINGS[name] or "") for key, name in named.items()}
    return " ".join(f"{key}='{value}'" for key, value in values.items() if value)


WHO = "select array[current_user, current_database(), current_setting('application_name')]::text[]"


@pytest.mark.parametrize("dsn", [url, pairs, lambda: url().replace("postgresql:", "postgres:")])
async def test_a_pool_from_a_dsn_works(dsn: Any) -> None:
    async with PrototypePool.from_dsn(dsn(), **BRIDGED) as pool:
        assert type(pool) is PrototypePool
        assert await pool.fetchval(WHO) == [SETTINGS["username"], SETTINGS["database"], "fraiseql"]


async def test_a_pool_from_the_environment_works(monkeypatch: pytest.MonkeyPatch) -> None:
    named = {
        "PGHOST": "host",
        "PGPORT": "port",
        "PGUSER": "username",
        "PGPASSWORD": "password",
        "PGDATABASE": "database",
    }
    for variable, name in named.items():
        if SETTINGS[name]:
            monkeypatch.setenv(variable, str(SETTINGS[name]))
    monkeypatch.setenv("PGAPPNAME", "from the environment")
    for arguments in ((), ("",)):
        async with PrototypePool.from_dsn(*arguments, **BRIDGED) as pool:
            expected = [SETTINGS["username"], SETTINGS["database"], "from the environment"]
            assert await pool.fetchval(WHO) == expected


READ = [
    ("postgresql://me:pw@{here}/db", ("me", "db", "pw")),
    ("postgresql://{here}/db?user=me&password=pw", ("me", "db", "pw")),
    ("postgres://m%40e:p%3Aw%2F%25@{here}/d%20b", ("m@e", "d b", "p:w/%")),
    ("postgresql://me:p:w@{here}", ("me", "me", "p:w")),
    ("postgresql:///db?host=127.0.0.1&port={port}&user=me&password=pw", ("me", "db", "pw")),
    ("postgresql://127.0.0.1/db?port={port}&user=me&password=pw", ("me", "db", "pw")),
    ("postgresql://me@no-such-host.invalid:{port}/db?hostaddr=127.0.0.1&password=pw", ("me", "db", "pw")),
    ("host=127.0.0.1 port={port} user=me dbname=db password=pw", ("me", "db", "pw")),
    (r"host = '127.0.0.1' port={port} user='m\'e' dbname='d b' password='p\\w'", ("m'e", "d b", "p\\w")),
    ("hostaddr=127.0.0.1 port={port} password=pw", ("postgres", "postgres", "pw")),
    ("postgresql://{here}", ("postgres", "postgres", None)),
]


@pytest.mark.parametrize(("dsn", "expected"), READ, ids=[row[0] for row in READ])
async def test_both_forms_are_read(dsn: str, expected: tuple[str, str, str | None]) -> None:
    async with listener() as server:
        dsn = dsn.format(here=f"127.0.0.1:{server.port}", port=server.port)
        login = await server.login(PrototypePool.from_dsn(dsn, **BRIDGED))
    assert (login["user"], login["database"], login.get("password")) == expected


async def test_a_folder_is_a_host(tmp_path: Path) -> None:
    async with listener(tmp_path, 7001) as server:
        folder = quote(str(tmp_path), safe="")
        for dsn in (f"postgresql://{folder}:7001/db", f"postgresql:///db?host={folder}&port=7001"):
            assert (await server.login(PrototypePool.from_dsn(dsn, **BRIDGED)))["database"] == "db"


ALL = {
    "PGHOST": "no-such-host.invalid",
    "PGHOSTADDR": "127.0.0.1",
    "PGUSER": "env user",
    "PGPASSWORD": "env password",
    "PGDATABASE": "env database",
    "PGAPPNAME": "env name",
    "PGOPTIONS": r"-c pool.a=env\ a -cpool.b=env\\b --pool.c=env-c --search-path=env",
}


async def test_a_keyword_wins_over_the_dsn_and_the_dsn_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    async with listener() as server:
        for name, value in {**ALL, "PGPORT": str(server.port)}.items():
            monkeypatch.setenv(name, value)

        async def login(dsn: str, **keywords: Any) -> tuple[str, ...]:
            found = await server.login(PrototypePool.from_dsn(dsn, **BRIDGED, **keywords))
            return tuple(found[name] for name in ("user", "database", "password", "application_name"))

        assert await login("") == ("env user", "env database", "env password", "env name")
        # A host without a port takes the port from the environment.
        dsn = "postgresql://url%20user:url%20password@127.0.0.1/url%20database?application_name=url%20name"
        assert await login(dsn) == ("url user", "url database", "url password", "url name")
        given = {"username": "user", "database": "database", "password": "password", "application_name": "name"}
        assert await login(dsn, **given) == tuple(given.values())
        assert await login("user=only", host="127.0.0.1") == ("only", "env database", "env password", "env name")


async def test_options_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["pool.a", "pool.b", "pool.c", "search_path", "timezone"]

    async def found(**keywords: Any) -> list[str]:
        async with PrototypePool.from_dsn(dsn, **BRIDGED, **keywords) as pool:
            return [await pool.fetchval("select current_setting($1)", name) for name in names]

    dsn = url()
    monkeypatch.setenv("PGOPTIONS", ALL["PGOPTIONS"])
    assert await found() == ["env a", "env\\b", "env-c", "env", "UTC"]
    assert await found(server_settings={"pool.b": "given"}) == ["env a", "given", "env-c", "env", "UTC"]
    assert await found(server_settings=None) == ["env a", "env\\b", "env-c", "env", "UTC"]
    dsn = f"{url()}?options=-c%20pool.a=url%20-c%20pool.b=url%20-c%20pool.c=url%20-c%20search_path=url"
    assert await found() == ["url", "url", "url", "url", "UTC"]


@pytest.mark.parametrize(
    ("options", "word"),
    [("-c TimeZone=Asia/Tokyo", "TimeZone"), ("-c timezone", "options"), ("-s", "options"), ("-c", "options")],
)
def test_options_that_cannot_be_are_refused(monkeypatch: pytest.MonkeyPatch, options: str, word: str) -> None:
    monkeypatch.setenv("PGOPTIONS", options)
    with pytest.raises(ValueError, match=word):
        PrototypePool.from_dsn("")


async def test_an_empty_variable_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*ALL, "PGPORT", "PGCONNECT_TIMEOUT", "PGSSLMODE", "PGSERVICE", "PGPASSFILE"):
        monkeypatch.setenv(name, "")
    async with listener() as server:
        pool = PrototypePool.from_dsn(f"postgresql://127.0.0.1:{server.port}", **BRIDGED)
        login = await server.login(pool)
    assert (login["user"], login["database"], login["application_name"]) == ("postgres", "postgres", "fraiseql")


@pytest.mark.parametrize(("dsn", "variable"), [("?connect_timeout=1", ""), ("", "1"), ("?connect_timeout=1", "9")])
async def test_the_time_to_connect_is_read(monkeypatch: pytest.MonkeyPatch, dsn: str, variable: str) -> None:
    monkeypatch.setenv("PGCONNECT_TIMEOUT", variable)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        pool = PrototypePool.from_dsn(f"postgresql://127.0.0.1:{silent.getsockname()[1]}/db{dsn}", **BRIDGED)
        with pytest.raises(CannotConnectError, match="within 1 s"):
            await asyncio.wait_for(pool.health_check(), DEADLINE)


@pytest.mark.parametrize("variable", ["0", "-1"])
def test_no_limit_on_the_time_to_connect_is_the_default_limit(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv("PGCONNECT_TIMEOUT", variable)
    assert PrototypePool.from_dsn("")


def test_a_keyword_that_the_class_lacks_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="colour"):
        PrototypePool.from_dsn("", colour="red")  # type: ignore[call-arg]


REFUSED = [
    ("postgresql://h/db?sslmode=require", "sslmode=require.*no TLS"),
    ("postgresql://h/db?sslmode=verify-full", "sslmode"),
    ("postgresql://h/db?sslnegotiation=direct", "sslnegotiation"),
    ("postgresql://h/db?channel_binding=require", "channel_binding"),
    ("postgresql://h/db?target_session_attrs=read-write", "target_session_attrs"),
    ("postgresql://h/db?load_balance_hosts=random", "load_balance_hosts"),
    ("postgresql://h/db?keepalives_idle=5", "keepalive"),
    ("postgresql://h/db?sslrootcert=x", "sslrootcert"),
    ("postgresql://h/db?passfile=x", "passfile"),
    ("service=x", "service"),
    ("postgresql://h1,h2/db", "several.*host"),
    ("postgresql://h1:1,h2:2/db", "several.*host"),
    ("host=h1,h2", "several.*host"),
    ("port=1,2", "several.*port"),
    ("hostaddr=1.1.1.1,2.2.2.2", "several.*hostaddr"),
    ("host=h port=x", "port"),
    ("host=h port=70000", "port"),
    ("mysql://h/db", "neither"),
    ("nonsense", "neither"),
    ("dbname='open", "neither"),
]


@pytest.mark.parametrize(("dsn", "reason"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_the_pool_lacks_is_refused(dsn: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        PrototypePool.from_dsn(dsn)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PGSSLMODE", "require"),
        ("PGSSLMODE", "verify-full"),
        ("PGCHANNELBINDING", "require"),
        ("PGTARGETSESSIONATTRS", "primary"),
        ("PGSERVICE", "x"),
        ("PGREQUIREAUTH", "scram-sha-256"),
        ("PGHOST", "h1,h2"),
        ("PGPORT", "x"),
        ("PGPORT", "1,2"),
        ("PGCONNECT_TIMEOUT", "soon"),
    ],
)
def test_a_variable_that_asks_for_what_the_pool_lacks_is_refused(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ValueError, match=variable):
        PrototypePool.from_dsn("")


def test_a_dsn_that_declines_tls_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGSSLMODE", "require")
    assert PrototypePool.from_dsn("postgresql://h/db?sslmode=disable")
    assert PrototypePool.from_dsn("sslmode=disable")


SECRET = "s3cr3t"  # noqa: S105


@pytest.mark.parametrize(
    "dsn",
    [
        f"postgresql://me:{SECRET}@h/db?sslmode=require",
        f"postgresql://me:{SECRET}@h1,h2/db",
        f"postgresql://me:{SECRET}@h/db?nonsense=1",
        f"postgresql://me:{SECRET}@h:x/db",
        f"mysql://me:{SECRET}@h/db",
        f"host=h password=the {SECRET} is=long",
        f"host=h password=the {SECRET}=long",
        f"host=h password='{SECRET}",
        f"host=h password={SECRET} port=x",
    ],
)
def test_no_error_tells_the_password(dsn: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        PrototypePool.from_dsn(dsn)
    text = "".join(traceback.format_exception_only(type(caught.value), caught.value))
    assert SECRET not in text
    assert SECRET not in repr(caught.value.__cause__)


async def test_no_text_of_the_pool_tells_the_password() -> None:
    async with listener() as server:
        pool = PrototypePool.from_dsn(f"postgresql://me:{SECRET}@127.0.0.1:{server.port}/db", **BRIDGED)
        assert (await server.login(pool))["password"] == SECRET
        for text in (repr(pool), str(pool), pool.stats(), str(pool.pool_status())):
            assert SECRET not in text
