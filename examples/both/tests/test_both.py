"""What a cell asks of `both`."""

import sys

from both import plus


def test_sum_that_has_no_number_is_none() -> None:
    assert (plus(2, 3), plus(2**32 - 1, 1)) == (5, None)


def test_the_import_leaves_the_gil_as_it_was() -> None:
    assert sys._is_gil_enabled() is ("t" not in sys.abiflags)  # noqa: SLF001 (it has no other name)
