"""Do the type stubs tell the truth about the built module, and does every public name say what it is for?"""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import fraiseql

if TYPE_CHECKING:
    from collections.abc import Iterator


def documented(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, ast.ClassDef | ast.FunctionDef]]:
    """Give the classes and functions of the stubs that have a docstring, by dotted name."""
    for node in body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            if ast.get_docstring(node):
                yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from documented(node.body, f"{prefix}{node.name}.")


def stubs() -> dict[str, ast.ClassDef | ast.FunctionDef]:
    path = Path(fraiseql.__file__).with_name("_fraiseql_rs.pyi")
    return dict(documented(ast.parse(path.read_text(encoding="utf-8")).body))


def at_runtime(name: str) -> object:
    found: object = import_module("fraiseql._fraiseql_rs")
    for part in name.split("."):
        found = getattr(found, part)
    return found


def parameters(node: ast.ClassDef | ast.FunctionDef) -> list[str]:
    """Give the parameter names of a function, or of a class's constructor."""
    if isinstance(node, ast.ClassDef):
        made = [member for member in node.body if isinstance(member, ast.FunctionDef) and member.name == "__new__"]
        return parameters(made[0]) if made else []
    taken = node.args
    every = [*taken.posonlyargs, *taken.args, *([taken.vararg] if taken.vararg else []), *taken.kwonlyargs]
    return [arg.arg for arg in every if arg.arg not in ("self", "cls")]


def test_the_stubs_agree_with_the_module() -> None:
    command = [sys.executable, "-m", "mypy.stubtest", "fraiseql"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_every_public_name_has_a_docstring() -> None:
    for name in fraiseql.__all__:
        public = getattr(fraiseql, name)
        assert inspect.getdoc(public), name
        for member in vars(public) if inspect.isclass(public) else ():
            is_method = callable(getattr(public, member)) or inspect.isdatadescriptor(getattr(public, member))
            assert member.startswith("_") or not is_method or inspect.getdoc(getattr(public, member)), (name, member)


def test_the_docstrings_of_the_stubs_are_those_of_the_module() -> None:
    for name, node in stubs().items():
        # The stubs also explain the attributes of exceptions. Every other text is the same in both places.
        assert inspect.getdoc(at_runtime(name)) == ast.get_docstring(node) or name == "Error", name


def test_every_parameter_is_explained() -> None:
    for name, node in stubs().items():
        explained = re.findall(r"^    (\w+): ", ast.get_docstring(node) or "", re.MULTILINE)
        assert set(parameters(node)) <= set(explained) or name.startswith("_"), name
