"""Which checks are there? Each registers itself with its id, level, reason and source, in one table."""

from __future__ import annotations

import importlib
import pkgutil
import threading
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Level(str, Enum):
    """How much a check means."""

    MUST = "MUST"
    """Who breaks it loses data, hangs or crashes."""
    SHOULD = "SHOULD"
    """Who breaks it surprises users."""
    INFO = "INFO"
    """The behaviour is free; it is recorded."""


class Depth(str, Enum):
    """How long the kit looks."""

    QUICK = "quick"
    DEFAULT = "default"
    SOAK = "soak"


# How much longer a check may take at each depth than its limit at quick depth.
PATIENCE = {Depth.QUICK: 1.0, Depth.DEFAULT: 2.0, Depth.SOAK: 120.0}


@dataclass(frozen=True)
class Check:
    """One thing that must hold.

    Attributes:
        id: the layer and the name: ``core/tags``. It never changes.
        level: how much it means.
        holds: what holds if it passes, a sentence.
        why: why that matters, a sentence.
        source: the public issue, or the document, that the check comes from.
        run: takes a `trial.Trial`; a failed assertion is a finding.
        needs: what the adapter must be able to do.
        alone: whether nothing else may run in its process meanwhile.
        waits: whether it waits for seconds and does little, so that it starts first and takes no place from others.
        measures: whether it judges times or slopes, so that it needs the machine for itself.
        limit: seconds at quick depth, after which it hangs.
    """

    id: str
    level: Level
    holds: str
    why: str
    source: str
    run: Callable[[Any], Any]
    needs: tuple[str, ...] = ()
    alone: bool = False
    waits: bool = False
    measures: bool = False
    limit: float = 10.0

    @property
    def layer(self) -> str:
        """``core`` or ``postgres``."""
        return self.id.split("/")[0]

    def seconds(self, depth: Depth) -> float:
        """How long it may take before it hangs."""
        return self.limit * PATIENCE[depth]


_TABLE: dict[str, Check] = {}
_REGISTERING = threading.RLock()


def check(
    name: str, level: Level, holds: str, *, why: str, source: str, **more: Any
) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """Register the function below as a check; see `Check` for the arguments.

    Raises:
        ValueError: if the id is taken.
    """

    def register(run: Callable[[Any], Any]) -> Callable[[Any], Any]:
        if name in _TABLE:
            message = f"two checks are named {name}"
            raise ValueError(message)
        _TABLE[name] = Check(name, level, holds, why, source, run, **more)
        return run

    return register


def table() -> dict[str, Check]:
    """Return all checks by id: core first, in the order of their modules."""
    # A second thread must not take the half that the first has registered for the whole.
    with _REGISTERING:
        from pytest_pyo3_bridge.checks import core, postgres  # noqa: PLC0415 (they register themselves here)

        for layer in (core, postgres):
            for module in pkgutil.iter_modules(layer.__path__):
                importlib.import_module(f"{layer.__name__}.{module.name}")
        return dict(_TABLE)
