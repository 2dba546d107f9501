"""Which checks does this session make, and what came of each? One adapter, one depth, one seed."""

from __future__ import annotations

import json
import platform
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

import pytest

from pytest_pyo3_bridge.catalogue import Level, table
from pytest_pyo3_bridge.maker import core_capabilities, core_maker
from pytest_pyo3_bridge.supervisor import Result, Supervisor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_pyo3_bridge.adapter import Loaded
    from pytest_pyo3_bridge.catalogue import Check
    from pytest_pyo3_bridge.known import Known
    from pytest_pyo3_bridge.supervisor import Setting

SESSION: pytest.StashKey[Session] = pytest.StashKey()
SCHEMA_VERSION = 1
# Its result is what all others left behind, so it comes last, and no worker runs it.
QUIET = "core/quiet"
# What it finds is not the extension's fault, and makes all others meaningless.
ADAPTER = "core/adapter-works"
FOUND = {"failed", "hung", "crashed"}


class Part(Enum):
    """Which checks a session makes."""

    ALL = "all"
    BESIDE_OTHERS = "beside others"
    """All but those that judge times and slopes: other work shares the machine."""
    MEASURES = "measures"
    """Those alone."""


@dataclass
class Session:
    """All checks of one adapter.

    Attributes:
        loaded: the adapter.
        setting: what workers are started with.
        known: failures that the project knows, by check id.
        flaky: known failures that may pass.
        part: which checks are wanted.
        checks: all that concern this adapter.
        selected: those of them that pytest runs.
        results: what came so far, by check id; the outcome is that of `judge`.
    """

    loaded: Loaded
    setting: Setting
    known: dict[str, Known]
    flaky: frozenset[str]
    part: Part
    checks: list[Check] = field(init=False)
    results: dict[str, Result] = field(default_factory=dict)
    selected: list[Check] = field(default_factory=list)
    _supervisor: Supervisor | None = None

    def __post_init__(self) -> None:
        """Choose the checks.

        Raises:
            AdapterError: if a driver's adapter has no DSN.
        """
        core_maker(self.loaded, self.setting.dsn)
        layers = {"core"} if self.loaded.kind == "core" else {"core", "postgres"}
        of_layers = [check for check in table().values() if check.layer in layers]
        self.checks = [check for check in of_layers if check.measures or self.part is not Part.MEASURES]
        self.checks.sort(key=lambda check: check.id == QUIET)

    def headline(self) -> str:
        """Return the line that makes this session repeatable."""
        named = " ".join(part for part in (self.loaded.title, self.loaded.driver) if part)
        return f"bridge: {named}, depth {self.setting.depth.value}, --bridge-seed {self.setting.seed}"

    def result(self, check: Check) -> Result:
        """Return what came of a check; run it, and what can run beside it, if that was not done yet."""
        if check.id not in self.results:
            for result in self._run(check):
                self.results[result.check.id] = self._judged(result)
        return self.results[check.id]

    def _run(self, check: Check) -> Iterator[Result]:
        reason = self._left_out(check)
        if reason is not None:
            yield Result(check, "not applicable", reason)
            return
        if check.id == QUIET:
            yield self._quiet(check)
            return
        beside = [check] if check.alone or check.measures else self._beside(check)
        if self._supervisor is None:
            self._supervisor = Supervisor(self.setting)
        yield from self._supervisor.run(beside)

    def _beside(self, check: Check) -> list[Check]:
        """Return the selected checks that can share a loop with this one."""
        left = [other for other in self.selected or self.checks if other.id not in self.results and other.id != QUIET]
        shared = [other for other in left if not (other.alone or other.measures or self._left_out(other))]
        if check not in shared:
            return [check]
        return sorted(shared, key=lambda other: not other.waits)

    def _left_out(self, check: Check) -> str | None:
        """Say why a check cannot be made on this adapter, or not now."""
        has = core_capabilities(self.loaded) if check.layer == "core" else self.loaded.capabilities
        lacks = [need for need in check.needs if need not in has]
        if lacks:
            return f"the adapter has no {', '.join(lacks)}"
        adapter = self.results.get(ADAPTER)
        if adapter is not None and adapter.outcome == "failed" and check.id != ADAPTER:
            return f"the adapter itself does not work, see {ADAPTER}"
        if check.measures and self.part is Part.BESIDE_OTHERS:
            return "it judges times or slopes, and other work shares the machine (--bridge-beside-others)"
        return None

    def _quiet(self, check: Check) -> Result:
        heard = self._supervisor.complaints if self._supervisor else []
        if not heard:
            return Result(check, "passed")
        shown = "\n".join(heard[:20]) + (f"\n… and {len(heard) - 20} more" if len(heard) > 20 else "")  # noqa: PLR2004
        return Result(check, "failed", f"Python was told of errors that no caller got:\n{shown}")

    def _judged(self, result: Result) -> Result:
        """Hold a result to what the project knows."""
        known = self.known.get(result.check.id)
        if known is None or result.outcome == "not applicable":
            return result
        if result.outcome in FOUND:
            result.notes["known"] = {"reason": known.reason, "link": known.link, "was": result.outcome}
            result.outcome = "known"
        elif result.outcome == "passed" and known.id not in self.flaky:
            result.outcome = "stale"
            result.message = f"it passes again, and is known to fail ({known.reason})\nhint: remove it from the file"
        return result

    def end(self) -> None:
        """End the workers."""
        if self._supervisor is not None:
            self._supervisor.stop()
            self._supervisor = None

    def write(self, path: Path) -> None:
        """Write the results, as `bridge.schema.json` describes them."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.record(), indent=2, default=repr) + "\n", encoding="utf-8")

    def record(self) -> dict[str, Any]:
        """Return the results as the file has them."""
        from pytest_pyo3_bridge import __version__  # noqa: PLC0415 (a circle otherwise)

        return {
            "schema_version": SCHEMA_VERSION,
            "kit": __version__,
            "adapter": self.loaded.title,
            "driver": self.loaded.driver,
            "kind": self.loaded.kind,
            "python": platform.python_version(),
            "implementation": platform.python_implementation(),
            "depth": self.setting.depth.value,
            "seed": self.setting.seed,
            "checks": [_entry(result) for result in self.results.values()],
        }

    def failing(self) -> list[Result]:
        """Return what makes the session red."""
        return [result for result in self.results.values() if is_red(result)]


def is_red(result: Result) -> bool:
    """Whether a result makes its test fail. A crash or a hang does at every level."""
    if result.check.level is Level.INFO:
        return result.outcome in {"hung", "crashed"}
    return result.outcome in FOUND | {"stale"}


def _entry(result: Result) -> dict[str, Any]:
    return {
        "id": result.check.id,
        "level": result.check.level.value,
        "holds": result.check.holds,
        "outcome": result.outcome,
        "message": result.message,
        "seconds": round(result.seconds, 3),
        "notes": result.notes,
        "hang": result.hang,
        "incident": result.incident.name if result.incident else None,
    }
