"""Does the GIL stay off on a free-threaded Python?"""

from __future__ import annotations

import asyncio
import sys
import sysconfig
from typing import TYPE_CHECKING, Any

from pytest_pyo3_bridge.catalogue import Level, check
from pytest_pyo3_bridge.facts import GIL_WARNING, tell_and_end, told
from pytest_pyo3_bridge.trial import Inapplicable, within

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_pyo3_bridge.trial import Trial


def looks_at_the_gil(make: Callable[[], Any]) -> None:
    # The adapter is imported by now.
    imported = _is_on()

    async def main() -> None:
        await within(make().quick())
        tell_and_end(imported=imported, used=_is_on())

    asyncio.run(main())


def _is_on() -> bool:
    return bool(getattr(sys, "_is_gil_enabled", lambda: True)())


@check(
    "core/gil-stays-off",
    Level.SHOULD,
    "on a free-threaded Python, importing and using the extension leaves the GIL off",
    why="One module that does not declare itself takes the threads of the whole process away, with a warning at most.",
    source="PyO3/pyo3#4265",
    limit=60.0,
)
async def gil_stays_off(trial: Trial) -> None:
    if not sysconfig.get_config_var("Py_GIL_DISABLED"):
        reason = "this Python is not free-threaded"
        raise Inapplicable(reason)
    if getattr(sys.flags, "gil", None) is not None:
        reason = "PYTHON_GIL or -X gil decides here, whatever a module declares"
        raise Inapplicable(reason)
    ended = await trial.programs.run(looks_at_the_gil)
    facts = told(ended)
    warned = next((line for line in ended.err.splitlines() if GIL_WARNING in line), "")
    assert not facts["imported"], f"the import turns the GIL on: {warned}"
    assert not facts["used"], f"the first call turns the GIL on: {warned}"
    assert not warned, warned
