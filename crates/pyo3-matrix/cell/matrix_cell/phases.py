"""How did a test end, over all that pytest reports of it? Reports of its phases in, one result with a reason out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import pytest

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
# What a test needs that passed. pytest leaves a phase out with options such as --setup-only, and plugins may hide one.
NEEDED = ("setup", "call", "teardown")
# The word of pytest-rerunfailures for a failure after which it runs the test again. Other plugins have other words.
AGAIN = "rerun"


class Phase(NamedTuple):
    """What a report said when it came: a plugin that runs tests again may write over the report afterwards."""

    when: str
    outcome: str
    # Whether the test is expected to fail.
    foreseen: bool
    message: str
    longrepr: str
    seconds: float


def phase_of(report: pytest.TestReport) -> Phase:
    """Keep what a report says now."""
    passed = report.outcome == PASSED
    message, longrepr = ("", "") if passed else (reason_of(report), report.longreprtext)
    return Phase(report.when or "", report.outcome, hasattr(report, "wasxfail"), message, longrepr, report.duration)


def end_of(phases: list[Phase]) -> dict[str, Any]:
    """Fold the phases of one test. It passed only if all of them did, none is absent, and pytest ran it once."""
    if failed := [phase for phase in phases if phase.outcome == FAILED]:
        beside = any(phase.when != "call" for phase in failed)
        return _red("error" if beside else "failed", failed[0].message, failed)
    known = [phase for phase in phases if phase.outcome in (PASSED, SKIPPED)]
    again = [phase for phase in phases if phase not in known]
    word, skipped = _word(known), [phase for phase in known if phase.outcome == SKIPPED]
    reported = [phase.when for phase in known]
    if not skipped and (absent := [f"no {when}" for when in NEEDED if when not in reported]):
        message = again[0].message if again else f"pytest reported {', '.join(absent)} of it"
        return _red("failed", message, again)
    if again:
        return _red("failed", f"{word} only when pytest ran it again: {again[0].message}", again)
    return {"result": word, "message": skipped[0].message} if skipped else {"result": word}


def as_earlier(end: dict[str, Any]) -> list[Phase]:
    """Return what a red end leaves for the case that pytest starts the same test again; other ends leave nothing."""
    if end["result"] not in ("error", "failed"):
        return []
    return [Phase("call", AGAIN, foreseen=False, message=end["message"], longrepr=end["longrepr"], seconds=0)]


def reason_of(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Return the one line that a grid has room for."""
    crash = getattr(report.longrepr, "reprcrash", None)
    if hasattr(report, "wasxfail"):
        text = str(report.wasxfail)
    elif isinstance(report.longrepr, tuple):  # a skip: (path, line, reason)
        text = report.longrepr[2].removeprefix("Skipped: ")
    elif crash is not None:
        text = crash.message
    else:
        # A file that cannot be collected: pytest marks what was raised, below where it was imported from.
        marked = [line[1:] for line in report.longreprtext.splitlines() if line.startswith("E  ")]
        text = marked[-1] if marked else report.longreprtext
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def _word(phases: list[Phase]) -> str:
    """Name the end of a test of which nothing failed."""
    foreseen = any(phase.foreseen for phase in phases)
    if any(phase.outcome == SKIPPED for phase in phases):
        return "xfailed" if foreseen else "skipped"
    return "xpassed" if foreseen else "passed"


def _red(result: str, message: str, phases: list[Phase]) -> dict[str, Any]:
    return {"result": result, "message": message, "longrepr": "\n".join(phase.longrepr for phase in phases)}
