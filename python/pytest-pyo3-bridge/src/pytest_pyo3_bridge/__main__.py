"""What can be asked without pytest? The table of checks, and a grid of several result files.

python -m pytest_pyo3_bridge checks [--format markdown]
python -m pytest_pyo3_bridge grid bridge.json other/bridge.json [--format markdown]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from pytest_pyo3_bridge import grid
from pytest_pyo3_bridge.catalogue import table


def main(arguments: list[str] | None = None) -> int:
    """Answer, and return the exit status: 0, or 2 if the request is wrong."""
    parser = argparse.ArgumentParser(prog="python -m pytest_pyo3_bridge", description=(__doc__ or "").splitlines()[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb, what in (("checks", "list all checks"), ("grid", "show result files side by side")):
        of_verb = verbs.add_parser(verb, help=what, description=what)
        of_verb.add_argument("--format", choices=["text", "markdown"], default="text")
        if verb == "grid":
            of_verb.add_argument("files", nargs="+", type=Path, metavar="FILE", help="what --bridge-json wrote")
    asked = parser.parse_args(arguments)
    try:
        if asked.verb == "checks":
            shown = grid.of_checks(table().values(), markdown=asked.format == "markdown")
        else:
            shown = grid.of_results([grid.read(path) for path in asked.files], markdown=asked.format == "markdown")
    except grid.GridError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    sys.stdout.write(shown + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
