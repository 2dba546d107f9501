"""How is the kit used from pytest? Its options, and the folder of the package as a collection of checks."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_pyo3_bridge.adapter import AdapterError, load
from pytest_pyo3_bridge.catalogue import Depth, table
from pytest_pyo3_bridge.known import KnownError, read
from pytest_pyo3_bridge.session import SESSION, Part, Session
from pytest_pyo3_bridge.supervisor import Setting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_pyo3_bridge.adapter import Loaded

# The fixture for benchmarks has options and hooks of its own.
pytest_plugins = ["pytest_pyo3_bridge.benchmark.plugin"]

HERE = Path(__file__).resolve().parent
KNOWN = "bridge-known.toml"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the kit's options."""
    group = parser.getgroup("bridge", "conformance of a bridge between asyncio and Rust")
    add = group.addoption
    add("--bridge-adapter", metavar="MODULE:NAME", help="the adapter: MODULE:NAME or FILE.py:NAME (NAME: Adapter)")
    add(
        "--bridge-dsn",
        metavar="DSN",
        help="a postgresql:// URI for a driver's adapter (default: $BRIDGE_DSN, or libpq's PG* variables)",
    )
    add(
        "--bridge-server-bin",
        type=Path,
        metavar="DIR",
        help="where initdb and postgres are, for the servers that checks break (default: PATH, pg_config, Debian's)",
    )
    add(
        "--bridge-depth",
        choices=[depth.value for depth in Depth],
        default=Depth.DEFAULT.value,
        help="quick: some seconds for each layer; default: longer; soak: a million operations",
    )
    add("--bridge-seed", type=int, metavar="N", help="what is random begins here; it is printed with each session")
    add("--bridge-known", type=Path, metavar="FILE", help=f"failures that are known (default: {KNOWN} here)")
    add(
        "--bridge-known-flaky",
        action="append",
        default=[],
        metavar="ID",
        help="a known failure that may pass as well, instead of being stale then",
    )
    add(
        "--bridge-beside-others",
        action="store_true",
        help="leave out what judges times and slopes, because other work shares the machine",
    )
    add(
        "--bridge-only-measures",
        action="store_true",
        help="make only what judges times and slopes, which --bridge-beside-others leaves out",
    )
    add(
        "--bridge-patience",
        type=float,
        default=1.0,
        metavar="FACTOR",
        help="multiply the seconds after which a check hangs, on a slow machine",
    )
    add("--bridge-json", type=Path, metavar="FILE", help="write the results there, as JSON")
    add(
        "--bridge-incidents",
        type=Path,
        default=Path("bridge-incidents"),
        metavar="FOLDER",
        help="where stacks are written when a check hangs or crashes (default: bridge-incidents)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Prepare the session, if the command line names an adapter.

    Raises:
        pytest.UsageError: if it cannot be used.
    """
    config.addinivalue_line("markers", "bridge: a check of pytest-pyo3-bridge")
    named = config.getoption("--bridge-adapter")
    if not named:
        return
    try:
        config.stash[SESSION] = _made(config, named)
    except (AdapterError, KnownError) as error:
        raise pytest.UsageError(str(error)) from error


def pytest_collect_directory(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect the package itself (`--pyargs pytest_pyo3_bridge`) as the table of checks."""
    if path.resolve() != HERE:
        return None
    found: Kit = Kit.from_parent(parent, path=path, nodeid=HERE.name)
    return found


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Look at no file of the package: none has tests."""
    return True if HERE in collection_path.resolve().parents else None


class Kit(pytest.Directory):
    """All checks, on the adapter that the command line names."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield an item for each check of the adapter's layers."""
        from pytest_pyo3_bridge.item import CheckItem  # noqa: PLC0415 (a circle otherwise)

        session = self.config.stash.get(SESSION, None)
        if session is None:
            message = (
                "the checks need an adapter\nhint: --bridge-adapter MODULE:NAME; the kit's README shows a short one"
            )
            raise self.CollectError(message)
        for check in session.checks:
            yield CheckItem.from_parent(self, name=check.id, check=check, bridge=session)


def _known_file(config: pytest.Config) -> Path | None:
    """Return the file of known failures, where there is one.

    Not by the rootdir alone: pytest looks for that above each argument that exists, also above a result file of ours.
    """
    settings = [config.inipath.parent] if config.inipath else []
    places = [*settings, config.invocation_params.dir, config.rootpath]
    return next((place / KNOWN for place in places if (place / KNOWN).exists()), None)


def _made(config: pytest.Config, named: str) -> Session:
    """Prepare the session.

    Raises:
        AdapterError: if the adapter cannot be used.
        KnownError: if the file of known failures cannot.
    """
    loaded = load(named)
    path = config.getoption("--bridge-known") or _known_file(config)
    known = read(path, table(), loaded.driver) if path else {}
    seed = config.getoption("--bridge-seed")
    dsn = config.getoption("--bridge-dsn") or os.environ.get("BRIDGE_DSN") or _by_variables(loaded)
    setting = Setting(
        named,
        dsn,
        Depth(config.getoption("--bridge-depth")),
        secrets.randbelow(1 << 31) if seed is None else seed,
        config.getoption("--bridge-incidents").absolute(),
        server=_server(config),
        look=_look(loaded, dsn),
        patience=config.getoption("--bridge-patience"),
    )
    flaky = frozenset(config.getoption("--bridge-known-flaky"))
    return Session(loaded, setting, known, flaky, _part(config))


def _part(config: pytest.Config) -> Part:
    """Return which checks are wanted.

    Raises:
        pytest.UsageError: if none would be left.
    """
    beside_others = config.getoption("--bridge-beside-others")
    if not config.getoption("--bridge-only-measures"):
        return Part.BESIDE_OTHERS if beside_others else Part.ALL
    if beside_others:
        message = "--bridge-only-measures and --bridge-beside-others leave no check\nhint: give one of them"
        raise pytest.UsageError(message)
    return Part.MEASURES


def _server(config: pytest.Config) -> dict[str, Any]:
    named = config.getoption("--bridge-server-bin")
    return {"bin": str(named.absolute()) if named else None}


def _by_variables(loaded: Loaded) -> str | None:
    """Return the DSN that libpq's variables mean, if they name a server."""
    if loaded.kind == "core" or not os.environ.get("PGHOST"):
        return None
    from pytest_pyo3_bridge.postgres.dsn import parse  # noqa: PLC0415 (core adapters need none of it)

    return str(parse("postgresql://"))


def _look(loaded: Loaded, dsn: str | None) -> Callable[[], str] | None:
    if loaded.kind == "core" or dsn is None:
        return None
    from pytest_pyo3_bridge.postgres.observer import looker  # noqa: PLC0415 (core adapters need none of it)

    return looker(dsn)


def pytest_report_collectionfinish(config: pytest.Config) -> list[str]:
    """Say what the checks are made on."""
    session = config.stash.get(SESSION, None)
    return [] if session is None else [session.headline()]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """End the workers, and write the results."""
    found = session.config.stash.get(SESSION, None)
    if found is None:
        return
    found.end()
    path: Path | None = session.config.getoption("--bridge-json")
    if path is not None:
        found.write(path)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Show what was found, by level."""
    session = config.stash.get(SESSION, None)
    if session is None or not session.results:
        return
    from pytest_pyo3_bridge.summary import lines  # noqa: PLC0415 (only a session with checks needs it)

    terminalreporter.section("bridge")
    for line in lines(session):
        terminalreporter.write_line(line)
