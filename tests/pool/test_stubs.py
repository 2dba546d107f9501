"""Do the type stubs tell the truth about the built module, and does every public name say what it is for?"""

from __future__ import annotations

import inspect
import subprocess
import sys
from importlib.util import find_spec

import pytest

import fraiseql


@pytest.mark.skipif(find_spec("mypy") is None, reason="mypy is not installed")
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
