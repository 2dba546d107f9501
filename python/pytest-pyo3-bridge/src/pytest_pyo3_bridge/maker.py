"""How is an adapter made for a core check? A core adapter is one already; a driver's pool is wrapped as one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_pyo3_bridge.adapter import AdapterError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_pyo3_bridge.adapter import Loaded


def core_maker(loaded: Loaded, dsn: str | None) -> Callable[[], Any]:
    """Return a maker of core adapters.

    Raises:
        AdapterError: if a driver's adapter has no DSN to connect to.
    """
    if loaded.kind == "core":
        return loaded.make
    if dsn is None:
        message = f"{loaded.title} is an adapter of a Postgres driver\nhint: say where the server is: --bridge-dsn DSN"
        raise AdapterError(message)
    from pytest_pyo3_bridge.postgres.as_core import AsCore  # noqa: PLC0415 (core adapters need none of it)

    return lambda: AsCore(loaded.make(dsn), dsn)


def core_capabilities(loaded: Loaded) -> frozenset[str]:
    """Return what a core check may ask of this adapter."""
    if loaded.kind == "core":
        return loaded.capabilities
    from pytest_pyo3_bridge.postgres.as_core import CAPABILITIES  # noqa: PLC0415

    return CAPABILITIES
