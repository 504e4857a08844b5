"""A lower confidence bound on a mean that keeps its promise however skewed the values are.

A bettor who stakes the same amount on every value exceeding the hypothesised mean m multiplies her fortune
by 1 + stake (value - m) each time. Given the contexts, her expected fortune after all of them is at most
exp(stake * sum(true mean - m)), so at most 1 if the true (weighted) mean is at most m: by Markov's inequality
it reaches 1 / error with a probability of at most `error`. The same holds for the mean fortune of several
bettors. The bound is the largest m at which the fortune reaches 1 / error. After Waudby-Smith and Ramdas,
"Estimating means of bounded random variables by betting", 2023, without its dependence on the values' order.

Only how far a value may lie *below* the mean limits the stake. Importance-weighted rewards are never negative,
so their heavy upper tail, which ruins normal and Bernstein intervals, does no harm here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_STAKES = (0.5, 1.0, 2.0)
"""The bettors' multiples of the stake that would be best if the values' second moment were as expected."""
_LARGEST_STAKE = 0.95
"""As a share of the stake that could go broke."""
_STEPS = 24
LEAST, MOST = -1.0, 1.0
"""What a bounded mean is looked for between; rewards lie in [0, 1], so their differences lie here."""


@dataclass(frozen=True)
class Wager:
    """Values (n,) with one mean in [-1, 1], each at least -`depth` (n,), and a stake's scale for each (n,).

    `moment` is about what the mean of (scale value)^2 should be; neither it nor the scales may be computed from
    the values. A wrong one costs power, never validity.
    """

    values: NDArray[np.float64]
    depth: NDArray[np.float64]
    scale: NDArray[np.float64]
    moment: float

    def stakes(self, needed: float) -> NDArray[np.float64]:
        """What the bettors stake to make exp(`needed`) of 1: near sqrt(2 needed / (n moment)), section 3.2."""
        best = np.sqrt(2.0 * needed / (len(self.values) * self.moment))
        broke = 1.0 / (self.scale * (self.depth + MOST)).max()
        stakes: NDArray[np.float64] = np.minimum(best * np.array(_STAKES), _LARGEST_STAKE * broke)
        return stakes


def log_fortune(wagers: Sequence[Wager], mean: float, needed: float) -> float:
    """The logarithm of the bettors' mean fortune if they bet that the mean is above `mean`, in [-1, 1]."""
    fortunes: list[float] = []
    for wager in wagers:
        excess = wager.scale * (wager.values - mean)
        fortunes.extend(float(np.log1p(stake * excess).sum()) for stake in wager.stakes(needed))
    return float(np.logaddexp.reduce(fortunes)) - float(np.log(len(fortunes)))


def lower_bound(wagers: Sequence[Wager], error: float) -> float:
    """What the common mean of the wagers exceeds, wrong with a probability of at most `error` in (0, 1).

    The wagers are different ways to measure one mean, all on the same n experiences, n >= 1.
    """
    needed = -float(np.log(error))
    if log_fortune(wagers, LEAST, needed) < needed:
        return LEAST
    low, high = LEAST, MOST
    for _ in range(_STEPS):
        middle = (low + high) / 2.0
        # A fortune falls as the hypothesised mean rises, so bisection finds where it is just enough.
        if log_fortune(wagers, middle, needed) >= needed:
            low = middle
        else:
            high = middle
    return low
