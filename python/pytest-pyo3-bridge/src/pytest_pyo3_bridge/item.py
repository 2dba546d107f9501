"""How does pytest see a check? As an item that passes, fails, is skipped with its reason, or is known to fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_pyo3_bridge.session import is_red
from pytest_pyo3_bridge.supervisor import WorkerBroken

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_pyo3_bridge.catalogue import Check
    from pytest_pyo3_bridge.session import Session
    from pytest_pyo3_bridge.supervisor import Result


class Finding(Exception):  # noqa: N818 (it is what the check found)
    """A check that makes the session red."""

    def __init__(self, result: Result) -> None:
        super().__init__(result.message)
        self.result = result


class CheckItem(pytest.Item):
    """One check.

    Args:
        check: the check.
        bridge: the session that runs it.
    """

    def __init__(self, *, check: Check, bridge: Session, **more: Any) -> None:
        super().__init__(**more)
        self.check = check
        self.bridge = bridge
        self.add_marker("bridge")
        # What -k and -m leave is known when the first item runs.
        bridge.selected = []

    def runtest(self) -> None:
        """Make the check, and tell what came of it."""
        if not self.bridge.selected:
            self.bridge.selected = [item.check for item in self.session.items if isinstance(item, CheckItem)]
        try:
            result = self.bridge.result(self.check)
        except WorkerBroken as error:
            raise pytest.UsageError(str(error)) from None
        for name, value in result.notes.items():
            self.user_properties.append((name, value))
        if is_red(result):
            raise Finding(result)
        if result.outcome == "known":
            known = result.notes["known"]
            pytest.xfail(f"known: {known['reason']} {known['link']}".rstrip())
        if result.outcome == "not applicable":
            pytest.skip(f"not applicable: {result.message}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *more: Any) -> Any:
        """Show what was found, why it matters and where to look."""
        if not isinstance(excinfo.value, Finding):
            return super().repr_failure(excinfo, *more)
        result = excinfo.value.result
        # The first line is all that a summary has room for.
        first, *rest = result.message.splitlines() or [""]
        shown = [f"{self.check.id} ({self.check.level.value}): {first}", *rest, "", f"holds: {self.check.holds}"]
        if result.notes:
            shown.append("measured: " + ", ".join(f"{name} {value}" for name, value in result.notes.items()))
        shown += [f"why: {self.check.why}", f"source: {self.check.source}"]
        if result.incident is not None:
            shown.append(f"stacks: {result.incident}")
        return "\n".join([*shown, f"again: --bridge-seed {self.bridge.setting.seed} -k '{self.check.id}'"])

    def reportinfo(self) -> tuple[Path, int, str]:
        """Tell pytest what to call it."""
        return self.path, 0, self.check.id
