"""What a cell asks of `plus`."""

from plus import plus


def test_sum_that_has_no_number_is_none() -> None:
    assert (plus(2, 3), plus(2**32 - 1, 1)) == (5, None)
