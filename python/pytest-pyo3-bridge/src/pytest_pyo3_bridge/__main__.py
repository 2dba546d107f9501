"""What can be asked without pytest? The table of checks, a grid of several result files, and what planted faults do.

``python -m pytest_pyo3_bridge`` has the verbs ``checks``, ``grid FILE…`` and ``detect FAULTS --core ADAPTER``.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import secrets
import sys
from pathlib import Path

from pytest_pyo3_bridge import detection, grid, page
from pytest_pyo3_bridge.catalogue import Depth, table


def main(arguments: list[str] | None = None) -> int:
    """Answer, and return the exit status: 0, 1 if a fault was not caught, or 2 if the request is wrong."""
    asked = _parser().parse_args(arguments)
    try:
        if asked.verb == "detect":
            return _detect(asked)
        shown = _shown(asked)
    except (grid.GridError, detection.DetectionError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    sys.stdout.write(shown + "\n")
    return 0


def _shown(asked: argparse.Namespace) -> str:
    markdown = asked.format == "markdown"
    if asked.verb == "checks":
        return grid.of_checks(table().values(), markdown=markdown)
    results = [grid.read(path) for path in asked.files]
    return page.of_results(results) if asked.format == "html" else grid.of_results(results, markdown=markdown)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pytest_pyo3_bridge", description=(__doc__ or "").splitlines()[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb, what, more in (("checks", "list all checks", []), ("grid", "show result files side by side", ["html"])):
        of_verb = verbs.add_parser(verb, help=what, description=what)
        of_verb.add_argument("--format", choices=["text", "markdown", *more], default="text")
        if verb == "grid":
            of_verb.add_argument("files", nargs="+", type=Path, metavar="FILE", help="what --bridge-json wrote")
    what = "run the checks with each fault planted, and show which check caught it"
    detect = verbs.add_parser("detect", help=what, description=what)
    detect.add_argument("faults", type=Path, metavar="FAULTS", help="a file of [[fault]] tables")
    detect.add_argument("--core", metavar="ADAPTER", help="the adapter that has the core faults")
    detect.add_argument("--postgres", metavar="ADAPTER", help="the adapter that has those of a pool; needs $BRIDGE_DSN")
    detect.add_argument("--only", action="append", default=[], metavar="ID", help="only this fault")
    detect.add_argument("--depth", choices=[depth.value for depth in Depth], default=Depth.DEFAULT.value)
    detect.add_argument("--seed", type=int, default=None)
    detect.add_argument("--json", type=Path, metavar="FILE", help="write the table there as well")
    return parser


def _detect(asked: argparse.Namespace) -> int:
    layers = {"core": asked.core, "postgres": asked.postgres}
    adapters = {layer: adapter for layer, adapter in layers.items() if adapter}
    faults = detection.concern(detection.read(asked.faults), adapters, detection.builds())
    if unknown := set(asked.only) - {fault.id for fault in faults}:
        message = f"no fault {min(unknown)} concerns this Python and these adapters"
        raise detection.DetectionError(message)
    if asked.only:
        faults = [fault for fault in faults if fault.id in asked.only]
    seed = secrets.randbelow(1 << 31) if asked.seed is None else asked.seed

    def told(one: detection.Detected) -> None:
        sys.stderr.write(f"{one.fault.id}: {', '.join(one.found) or one.problem or 'nothing found'}\n")

    found = detection.survey(faults, adapters, asked.depth, seed, told)
    sys.stdout.write(detection.markdown(found) + "\n")
    if asked.json:
        text = json.dumps([dataclasses.asdict(one) for one in found], indent=2)
        asked.json.write_text(text + "\n", encoding="utf-8")
    return 0 if detection.is_complete(found) else 1


if __name__ == "__main__":
    sys.exit(main())
