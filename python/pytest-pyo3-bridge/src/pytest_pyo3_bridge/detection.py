"""Does each planted fault get caught by the check that is meant for it? Faults in, a table of fault by check out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_pyo3_bridge import boot
from pytest_pyo3_bridge.grid import findings

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

# The variable in which the adapter finds the fault.
VARIABLE = "BRIDGE_MUTANT"
CLEAN = "none"
# pytest's exit codes after a run whose tests passed, or of which some failed. With others nothing was judged.
JUDGED = {0, 1}
# Which Pythons show a fault: each, one with the GIL, one without it, or a debug build.
BUILDS = ("any", "gil", "free-threaded", "debug")


class DetectionError(Exception):
    """The table cannot be made. The text says why."""


@dataclass(frozen=True)
class Fault:
    """One planted fault.

    Attributes:
        id: what the adapter is told.
        what: what is wrong, a sentence.
        layer: ``core`` or ``postgres``: which adapter has it.
        caught_by: the checks of which one is meant to find it.
        build: which build of Python shows it, one of `BUILDS`.
        environment: variables that it needs besides its id.
    """

    id: str
    what: str
    layer: str
    caught_by: tuple[str, ...]
    build: str = "any"
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Detected:
    """What the kit found with one fault planted.

    Attributes:
        fault: the fault.
        found: the seconds of each check that found something, by its id.
        seconds: how long the kit took.
        problem: why there is no result, if there is none.
    """

    fault: Fault
    found: dict[str, float]
    seconds: float
    problem: str = ""

    @property
    def caught_by(self) -> str | None:
        """The check that was meant to find it, and did."""
        return next((name for name in self.fault.caught_by if name in self.found), None)

    @property
    def also(self) -> list[str]:
        """The other checks that found something."""
        return [name for name in self.found if name not in self.fault.caught_by]


def read(path: Path) -> list[Fault]:
    """Read the faults of a file.

    Args:
        path: the file: ``[[fault]]`` tables with ``id``, ``what``, ``layer``, ``caught_by`` (an id or several) and
            ``build`` (one of `BUILDS`), and optionally ``env``.

    Raises:
        DetectionError: if the file says something else.
    """
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))["fault"]
        return [_fault(entry) for entry in entries]
    except (OSError, KeyError, tomllib.TOMLDecodeError) as error:
        message = f"{path}: {type(error).__name__}: {error}"
        raise DetectionError(message) from error


def _fault(entry: dict[str, Any]) -> Fault:
    caught, build = entry["caught_by"], entry["build"]
    if build not in BUILDS:
        message = f"{entry['id']} has the build {build}; it is one of {', '.join(BUILDS)}"
        raise DetectionError(message)
    checks = (caught,) if isinstance(caught, str) else tuple(caught)
    return Fault(entry["id"], entry["what"], entry["layer"], checks, build, dict(entry.get("env", {})))


def builds() -> frozenset[str]:
    """Return what this Python is, of `BUILDS`."""
    threads = "free-threaded" if sysconfig.get_config_var("Py_GIL_DISABLED") else "gil"
    return frozenset({"any", threads, *(["debug"] if hasattr(sys, "gettotalrefcount") else [])})


def concern(faults: Iterable[Fault], layers: Iterable[str], these: frozenset[str]) -> list[Fault]:
    """Return the faults of these layers that these `builds` of Python can show."""
    wanted = set(layers)
    return [fault for fault in faults if fault.layer in wanted and fault.build in these]


def detect(fault: Fault, adapter: str, depth: str, seed: int, more: Sequence[str] = ()) -> Detected:
    """Run the kit with one fault planted.

    Args:
        fault: the fault; the id ``none`` plants nothing.
        adapter: the adapter of its layer.
        depth: how long to look.
        seed: of all that is random.
        more: further arguments of pytest.
    """
    with tempfile.TemporaryDirectory(prefix="pyo3-detect-") as folder:
        result = Path(folder) / "bridge.json"
        # What the project around says to pytest is not for this run: a warning that is an error there may be the fault.
        own = Path(folder) / "pytest.ini"
        own.write_text("[pytest]\n", encoding="utf-8")
        arguments = [
            *("-c", str(own), "--rootdir", folder),
            *("-p", "pytest_pyo3_bridge.plugin", "-p", "no:cacheprovider", "--pyargs", "pytest_pyo3_bridge", "-q"),
            f"--bridge-adapter={adapter}",
            f"--bridge-depth={depth}",
            f"--bridge-seed={seed}",
            f"--bridge-json={result}",
            f"--bridge-incidents={folder}/incidents",
            *more,
        ]
        variables = {**boot.environment(), **fault.environment}
        variables["PYTHONPATH"] = os.pathsep.join(place for place in sys.path if place)
        if fault.id != CLEAN:
            variables[VARIABLE] = fault.id
        ended = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "pytest", *arguments],
            env=variables,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        if ended.returncode not in JUDGED or not result.exists():
            return Detected(fault, {}, 0.0, (ended.stdout + ended.stderr)[-2000:])
        return detected(fault, json.loads(result.read_text(encoding="utf-8")))


def detected(fault: Fault, result: dict[str, Any]) -> Detected:
    """Understand a result file."""
    seconds = sum(entry["seconds"] for entry in result["checks"])
    return Detected(fault, {entry["id"]: entry["seconds"] for entry in findings(result)}, seconds)


def survey(
    faults: Sequence[Fault], adapters: dict[str, str], depth: str, seed: int, told: Callable[[Detected], None]
) -> list[Detected]:
    """Run the kit with nothing planted in each layer, then with each fault.

    Args:
        faults: the faults that concern this Python.
        adapters: the adapter of each layer.
        depth: how long to look.
        seed: of all that is random.
        told: hears of each result as it comes.
    """
    found = []
    clean = [Fault(CLEAN, "nothing is planted", layer, ()) for layer in adapters]
    for fault in [*clean, *faults]:
        # The postgres layer asks the core checks of a driver's pool as well; here they have their own adapter.
        more = ["-k", f"{fault.layer}/"]
        one = detect(fault, adapters[fault.layer], depth, seed, more)
        told(one)
        found.append(one)
    return found


def is_complete(found: Iterable[Detected]) -> bool:
    """Whether each fault was caught as meant, and nothing was found where nothing is planted."""
    return all((not one.found and not one.problem) if one.fault.id == CLEAN else one.caught_by for one in found)


def markdown(found: Sequence[Detected]) -> str:
    """Show the table: each fault, the check that caught it and its seconds, and the off-diagonal."""
    lines = ["| fault | layer | caught by | s | also found by |", "|---|---|---|---|---|"]
    lines += [_row(one) for one in found]
    planted = [one for one in found if one.fault.id != CLEAN]
    caught = sum(one.caught_by is not None for one in planted)
    false = sum(len(one.found) for one in found if one.fault.id == CLEAN)
    count = f"{caught} of {len(planted)} faults caught as meant; {false} findings with none planted."
    return "\n".join([*lines, "", count])


def _row(one: Detected) -> str:
    caught = one.caught_by
    seconds = f"{one.found[caught]:.1f}" if caught else ""
    shown = caught or ("" if one.fault.id == CLEAN else "**not caught**")
    also = ", ".join(one.also) or one.problem.replace("\n", " ")[-200:]
    return f"| {one.fault.id} | {one.fault.layer} | {shown} | {seconds} | {also} |"
