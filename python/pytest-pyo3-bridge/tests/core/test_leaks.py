"""Do the leak checks tell what stays from what is on its way out?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

if TYPE_CHECKING:
    from conftest import RunKit

# A cancellation sends word over a descriptor of its own. It is closed {later}.
SENDS_WORD = """
import os

class Adapter(Clean):
    cancelled = 0

    async def slow(self, seconds):
        try:
            await super().slow(seconds)
        except asyncio.CancelledError:
            Adapter.cancelled += 1
            if Adapter.cancelled > 700:
                word = os.open(os.devnull, os.O_RDONLY)
                {later}
            raise
"""


def test_a_descriptor_that_is_on_its_way_out_is_no_leak(
    run_kit: RunKit, outcomes: Callable[[], dict[str, Any]]
) -> None:
    later = "asyncio.get_running_loop().call_later(0.05, os.close, word)"
    run_kit("-k", "no-leak-on-cancellation", fault=SENDS_WORD.format(later=later))
    found = outcomes()["core/no-leak-on-cancellation"]
    assert found["outcome"] == "passed", found["message"]


def test_descriptors_that_stay_are_a_leak(run_kit: RunKit, outcomes: Callable[[], dict[str, Any]]) -> None:
    run_kit("-k", "no-leak-on-cancellation", fault=SENDS_WORD.format(later="pass"))
    found = outcomes()["core/no-leak-on-cancellation"]
    assert found["outcome"] == "failed"
    assert "file_descriptors grew by" in found["message"]


def test_what_is_heard_meanwhile_is_no_leak(run_kit: RunKit, outcomes: Callable[[], dict[str, Any]]) -> None:
    fault = """
    class Adapter(Clean):
        async def slow(self, seconds):
            try:
                await super().slow(seconds)
            finally:
                asyncio.get_running_loop().call_exception_handler({"message": "nobody is told of this"})
    """
    run_kit("-k", "no-leak-on-cancellation", fault=fault)
    found = outcomes()["core/no-leak-on-cancellation"]
    assert found["outcome"] == "passed", found["message"]
