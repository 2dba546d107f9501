"""How much longer does the control take than the candidate, and how sure is that? Paired samples in, a ratio out.

The ratio is that of the medians over blocks. Its interval is a percentile bootstrap over the rounds, each of which
keeps its pair of blocks: B. Efron and R. Tibshirani, "An Introduction to the Bootstrap" (1993), chapters 8 and 13. The
corrected interval of chapter 14 (BCa) takes its acceleration from a jackknife, which is inconsistent for medians
(chapter 11), so it is not used.
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
        estimate: The ratio of the medians.
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


def ratio_of_medians(control: Sequence[float], candidate: Sequence[float], chance: random.Random) -> Ratio:
    """Return how much larger the control's median is, with the interval over rounds.

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
    pairs = list(zip(control, candidate))
    ratios = sorted(_ratio(chance.choices(pairs, k=len(pairs))) for _ in range(RESAMPLES))
    # Rounded, since 1 - 0.95 is a hair more than 0.05 as a float.
    outside = round(RESAMPLES * (1 - CONFIDENCE) / 2)
    return Ratio(_ratio(pairs), ratios[outside], ratios[-1 - outside])


def noise(samples: Sequence[float]) -> float:
    """Return the relative median absolute deviation: the median distance from the median, over the median.

    One interruption in a round hardly moves it, unlike a standard deviation: F. R. Hampel, "The influence curve and
    its role in robust estimation", Journal of the American Statistical Association 69 (1974).
    """
    middle = statistics.median(samples)
    return statistics.median(abs(sample - middle) for sample in samples) / middle


def _ratio(pairs: Sequence[tuple[float, float]]) -> float:
    return statistics.median(pair[0] for pair in pairs) / statistics.median(pair[1] for pair in pairs)
