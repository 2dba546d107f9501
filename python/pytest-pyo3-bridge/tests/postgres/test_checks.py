"""Do the checks of the Postgres layer find the faults that they are for, and say what a user can do with?"""

from __future__ import annotations

import contextlib
import gc
from typing import TYPE_CHECKING, Any

import pytest
from test_servers import LOADED, Adapter, turned  # noqa: F401 (a fixture)

from pytest_pyo3_bridge.adapter import Loaded
from pytest_pyo3_bridge.catalogue import Depth, table
from pytest_pyo3_bridge.postgres.server import Bench
from pytest_pyo3_bridge.program import Programs
from pytest_pyo3_bridge.trial import Trial

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from test_servers import Turned


class KeepsPlans(Adapter):
    """It prepares statements that have parameters, and keeps them whatever the server says."""

    placeholder = "$1"

    async def fetch(self, pool: asyncio.Queue[Any], sql: str, *parameters: str) -> Any:
        """Prepare the statement once, and run it."""
        if not parameters:
            return await super().fetch(pool, sql)
        if not await super().fetch(pool, "select 1 from pg_prepared_statements where name = 'kept'"):
            await super().fetch(pool, f"prepare kept as {sql}")
        return await super().fetch(pool, f"execute kept('{parameters[0]}')")


class TellsByTheCause(Adapter):
    """It raises an error of its own, whose cause is the server's."""

    async def fetch(self, pool: asyncio.Queue[Any], sql: str) -> Any:
        """Run a statement."""
        try:
            return await super().fetch(pool, sql)
        except Exception:  # noqa: BLE001 (it loses the server's own)
            message = "the connection is gone"
            # What the server killed is opened anew.
            for _ in range(pool.qsize()):
                session = pool.get_nowait()
                if session is not None:
                    with contextlib.suppress(Exception):
                        session.close()
                pool.put_nowait(None)
            raise ConnectionError(message) from RuntimeError({"C": "57P01"})


def found(turned: Turned, adapter: Callable[..., Any], name: str) -> str:  # noqa: F811
    """Return what a check says of an adapter, or nothing if it passes."""

    async def run() -> str:
        loaded = Loaded("postgres", frozenset(), adapter, "subject", "")
        bench = Bench(loaded, str(turned.server.dsn), None)
        trial = Trial(lambda: None, Depth.QUICK, 7, Programs("", None), bench)
        try:
            await table()[name].run(trial)
        except AssertionError as error:
            return str(error)
        finally:
            await trial.release()
        return ""

    return turned.run(run())


def test_a_driver_that_prepares_nothing_passes(turned: Turned) -> None:  # noqa: F811
    assert found(turned, LOADED.make, "postgres/column-type-changes") == ""


def test_a_plan_that_is_kept_for_statements_with_parameters_is_found(turned: Turned) -> None:  # noqa: F811
    assert "cached plan must not change" in found(turned, KeepsPlans, "postgres/column-type-changes")


# pg8000 cannot flush what it had for a server that is gone.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_the_code_of_a_cause_is_told(turned: Turned) -> None:  # noqa: F811
    said = found(turned, TellsByTheCause, "postgres/killed-session-has-its-sqlstate")
    assert "SQLSTATE None instead of 57P01" in said
    assert said.endswith("its cause has 57P01")
    gc.collect()
