"""Does the interval hold the true ratio? Samples whose ratio is known in, intervals out."""

from __future__ import annotations

import random

import pytest

from pytest_pyo3_bridge.benchmark.interval import Ratio, noise, ratio_of_rounds

from .fake_clock import chance


def test_samples_without_any_spread_give_their_ratio_as_both_ends() -> None:
    found = ratio_of_rounds([3.0] * 10, [2.0] * 10, chance())
    assert (found.estimate, found.low, found.high) == (1.5, 1.5, 1.5)


def test_the_rounds_stay_pairs() -> None:
    # A machine that becomes ten times slower: every round by itself says two.
    candidate = [1.0 + place for place in range(10)]
    control = [2 * seconds for seconds in candidate]
    found = ratio_of_rounds(control, candidate, chance())
    assert (found.low, found.high) == (2, 2)


def test_a_machine_that_changes_its_speed_between_rounds_does_not_blur_the_ratio() -> None:
    # Half of the rounds at a tenth of the speed: the quotient of the medians could be anything from 0.2 to 20.
    draw = random.Random(4)
    speeds = [10.0 if draw.random() < 0.5 else 1.0 for _ in range(40)]
    control, candidate = ([speed * draw.gauss(time, 0.02) for speed in speeds] for time in (2.0, 1.0))
    found = ratio_of_rounds(control, candidate, chance())
    assert 1.95 < found.low < 2 < found.high < 2.05


def test_the_ratio_is_that_of_the_middle_round() -> None:
    # The rounds say 4, 1.5 and 1.1; the medians alone would say 4 / 2.
    assert ratio_of_rounds([4.0, 3.0, 10.0], [1.0, 2.0, 9.0], chance()).estimate == 1.5


def test_the_interval_of_known_samples() -> None:
    # The median of a bootstrap sample of nine is at most the second value with probability P(Bin(9, 2/9) >= 5) = 0.030,
    # and the first with 0.001: so the second value is where 0.025 is passed, and likewise from the other end.
    control = [8.0, 8.5, 9.0, 9.5, 10.0, 10.5, 11.0, 11.5, 12.0]
    found = ratio_of_rounds(control, [5.0] * 9, chance())
    assert (found.estimate, found.low, found.high) == (2.0, 1.7, 2.3)


def test_the_interval_holds_the_true_ratio_about_as_often_as_it_says() -> None:
    draw = random.Random(1)
    held = 0
    for _ in range(60):
        control = [draw.gauss(3, 0.3) for _ in range(21)]
        candidate = [draw.gauss(2, 0.2) for _ in range(21)]
        found = ratio_of_rounds(control, candidate, chance())
        held += found.low <= 1.5 <= found.high
    # 57 are expected; 51 or fewer have a chance of one percent if the interval keeps its word.
    assert 52 <= held <= 60


def test_an_interval_that_is_sure_excludes_other_ratios() -> None:
    draw = random.Random(2)
    control, candidate = ([draw.gauss(middle, 0.02) for _ in range(40)] for middle in (1.1, 1.0))
    found = ratio_of_rounds(control, candidate, chance())
    assert 1.05 < found.low < 1.1 < found.high < 1.15


def test_the_seed_decides_the_interval() -> None:
    draw = random.Random(3)
    control, candidate = ([draw.gauss(1, 0.2) for _ in range(20)] for _ in range(2))
    first, again, other = (ratio_of_rounds(control, candidate, chance(seed)) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_sides_that_make_no_pairs_are_an_error() -> None:
    with pytest.raises(ValueError, match="2 rounds of the control and 1 of the candidate make no pairs"):
        ratio_of_rounds([1.0, 2.0], [1.0], chance())
    with pytest.raises(ValueError, match="make no pairs"):
        ratio_of_rounds([], [], chance())


def test_a_ratio_is_printed_with_its_interval() -> None:
    assert str(Ratio(1.234, 1.2, 1.3)) == "1.23 [1.20, 1.30]"


def test_noise_is_the_median_distance_from_the_median_as_a_share_of_it() -> None:
    assert noise([8, 9, 10, 11, 1000]) == 0.1
