"""Which release of a service does this cell talk to? Each kind of service has a module here that asks.

A module has `observe(settings, requested)`, which returns the release and the whole version that the service itself
tells, or raises UnobservableError.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def observe(services: Mapping[str, Mapping[str, Any]], requested: Mapping[str, str]) -> dict[str, str]:
    """Ask each service of `services` (name to settings, among them its `kind`) that has a requested release.

    Returns the release under the service's name, and the whole version under `<name>_full`.
    """
    observed = {}
    for name, settings in services.items():
        if name in requested:
            module = importlib.import_module(f"{__name__}.{settings['kind']}")
            observed[name], observed[f"{name}_full"] = module.observe(settings, requested[name])
    return observed
