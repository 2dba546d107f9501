"""How does a program tell its check what it saw? Facts as a JSON line on its stdout; stderr tells what went wrong."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

from pytest_pyo3_bridge.trial import DEADLINE, Inapplicable, Late, within

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pytest_pyo3_bridge.program import Ended

WORKS = "works"
HANGS = "hangs"
# How the outcome of a call begins that raised what `except Exception` does not catch.
BARE = "bare "
# A free-threaded Python says this of a module that needs the GIL; a check of its own judges that.
GIL_WARNING = "The global interpreter lock (GIL) has been enabled"


def tell(**facts: Any) -> None:
    """Tell the check what this program saw."""
    # The runtime's threads may write as well.
    sys.stdout.write(json.dumps(facts, default=repr) + "\n")
    sys.stdout.flush()


def tell_and_end(**facts: Any) -> None:
    """Tell it, and end without the interpreter's exit, which other checks judge."""
    tell(**facts)
    sys.stderr.flush()
    os._exit(0)


def told(ended: Ended) -> dict[str, Any]:
    """Return what the program told.

    Raises:
        AssertionError: if it crashed or failed, or Rust panicked.
        Inapplicable: if it told why the check cannot be made here.
    """
    ended.sound()
    assert ended.status == 0, f"the program failed with status {ended.status}: {ended.tail()}"
    facts: dict[str, Any] = {}
    for line in ended.out.splitlines():
        if line.startswith("{"):
            facts.update(json.loads(line))
    if "inapplicable" in facts:
        raise Inapplicable(facts["inapplicable"])
    return facts


def complaint(ended: Ended) -> str:
    """Return what the program wrote to stderr, without the warning that another check judges.

    No program closes its adapter before it ends, and an extension may say so.
    """
    expected = [GIL_WARNING, *filter(None, [ended.unclosed])]
    lines = ended.err.splitlines()
    return "\n".join(line for line in lines if line.strip() and not any(text in line for text in expected))


async def outcome(ask: Callable[[], Awaitable[object]], seconds: float = DEADLINE) -> str:
    """Make a call and await it.

    Returns:
        `WORKS`, `HANGS`, or the exception's class and text, after `BARE` if it is no `Exception`.
    """
    try:
        await within(ask(), seconds)
    except Late:
        return HANGS
    except BaseException as error:  # noqa: BLE001 (the check judges it)
        return shown(error)
    return WORKS


def shown(error: BaseException) -> str:
    """Return the outcome of a call that raised this."""
    return f"{'' if isinstance(error, Exception) else BARE}{type(error).__name__}: {error}"


def ordinary(found: str, what: str) -> None:
    """Check that a call worked, or raised an ordinary exception that says something.

    Raises:
        AssertionError: if it did not; the text begins with ``what``.
    """
    assert found != HANGS, f"{what} hangs"
    assert not found.startswith(BARE), f"{what} raises what `except Exception` does not catch: {found[len(BARE) :]}"
    assert not found.endswith(": "), f"{what} raises an error without a text: {found}"
