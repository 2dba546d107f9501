"""Does a program that Ctrl-C ended count as such, whatever it prints besides?"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Callable

import pytest

if TYPE_CHECKING:
    from conftest import RunKit

LAST_WORDS = """
import atexit, sys

atexit.register(lambda: print("closing 3 connections", file=sys.stderr))

class Adapter(Clean):
    pass
"""
ANOTHER_ERROR = """
class Adapter(Clean):
    async def slow(self, seconds):
        try:
            await super().slow(seconds)
        except BaseException:
            raise ValueError("the work was lost") from None
"""


def test_what_an_extension_prints_at_exit_is_no_finding(
    run_kit: RunKit, outcomes: Callable[[], dict[str, Any]]
) -> None:
    run_kit("-k", "ctrl-c", fault=LAST_WORDS)
    assert {found["outcome"] for found in outcomes().values()} == {"passed"}, outcomes()


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Ctrl-C cancels a task from 3.11 on; before, it ends the loop")
def test_an_error_in_place_of_the_interrupt_is_one(run_kit: RunKit, outcomes: Callable[[], dict[str, Any]]) -> None:
    run_kit("-k", "ctrl-c-while-it-waits", fault=ANOTHER_ERROR)
    found = outcomes()["core/ctrl-c-while-it-waits"]
    assert found["outcome"] == "failed"
    assert "ValueError: the work was lost" in found["message"]
