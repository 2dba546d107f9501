"""Is there a series of the resident set after every session, and do the leak measures reach it?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plugin.cell_run import RunCell

GROWS = """
import time
class TestInner:
    def test_grows(self, record_property):
        record_property("leak", {"growth": 7})
        record_property("other", 1)
        block = b"x" * (64 << 20)
        time.sleep(0.3)
        assert len(block) == 0
"""


def test_failed_session_leaves_its_series(run_cell: RunCell) -> None:
    cell = run_cell(GROWS)
    memory = cell.json("memory.json")
    assert cell.result.ret == 1
    assert memory["schema_version"] == 1
    assert memory["unit"] == "bytes"
    seconds = [sample[0] for sample in memory["samples"]]
    sizes = [sample[1] for sample in memory["samples"]]
    assert len(seconds) >= 4
    assert seconds == sorted(seconds)
    assert memory["peak"] == max(sizes) > sizes[0] + (60 << 20)
    assert memory["leaks"] == {"test_grows": {"growth": 7}}
