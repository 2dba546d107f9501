"""How much longer does the control take than the candidate, and how sure is that? Paired samples in, a ratio out.

The ratio is the median of the ratios of the rounds. Both blocks of a round run within moments, so a machine that
becomes slower changes both alike. The quotient of the two medians, for which the rounds are no longer pairs, had an
interval twice as wide on a busy machine. The interval is a percentile bootstrap over the rounds: B. Efron and
R. Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13. The corrected interval of chapter 14 (BCa) takes
its acceleration from a jackknife, which is inconsistent for medians (chapter 11), so it is not used.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

CONFIDENCE = 0.95
RESAMPLES = 2000


@dataclass(frozen=True)
class Ratio:
    """The control's time over the candidate's time. Above one, the candidate is faster.

    Attributes:
        estimate: The median of the ratios of the rounds.
        low: The lower end of the interval.
        high: The upper end of the interval.
        confidence: How often such an interval is to hold the true ratio.
        resamples: How many bootstrap samples the interval comes from.
    """

    estimate: float
    low: float
    high: float
    confidence: float = CONFIDENCE
    resamples: int = RESAMPLES

    def __str__(self) -> str:
        return f"{self.estimate:.2f} [{self.low:.2f}, {self.high:.2f}]"


def ratio_of_rounds(control: Sequence[float], candidate: Sequence[float], chance: random.Random) -> Ratio:
    """Return how much longer the control takes in the middle round, with the interval over rounds.

    Args:
        control: The seconds per operation of the control, one value per round.
        candidate: The same of the candidate, in the same rounds.
        chance: Draws the bootstrap samples; the same seed gives the same interval.

    Raises:
        ValueError: The sides have different numbers of rounds, or none.
    """
    if len(control) != len(candidate) or not control:
        message = f"{len(control)} rounds of the control and {len(candidate)} of the candidate make no pairs"
        raise ValueError(message)
    ratios = [longer / shorter for longer, shorter in zip(control, candidate)]
    medians = sorted(statistics.median(chance.choices(ratios, k=len(ratios))) for _ in range(RESAMPLES))
    # Rounded, since 1 - 0.95 is a hair more than 0.05 as a float.
    outside = round(RESAMPLES * (1 - CONFIDENCE) / 2)
    return Ratio(statistics.median(ratios), medians[outside], medians[-1 - outside])


def noise(samples: Sequence[float]) -> float:
    """Return the relative median absolute deviation: the median distance from the median, over the median.

    One interruption in a round hardly moves it, unlike a standard deviation: F. R. Hampel, "The influence curve and
    its role in robust estimation", Journal of the American Statistical Association 69 (1974).
    """
    middle = statistics.median(samples)
    return statistics.median(abs(sample - middle) for sample in samples) / middle
