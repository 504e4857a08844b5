"""A lower confidence bound on a mean that keeps its promise however skewed the values are.

A bettor who stakes the same amount on every value exceeding the hypothesised mean m multiplies her fortune
by 1 + stake (value - m) each time. Her expected fortune after all of them is at most exp(stake sum(true mean -
m)), so at most 1 if the true (weighted) mean is at most m: by Ville's inequality it ever reaches 1 / error with
a probability of at most `error`. The same holds for the common fortune of several bettors. The bound is the
largest m at which the fortune reaches 1 / error. After Waudby-Smith and Ramdas, "Estimating means of bounded
random variables by betting", 2023, without its dependence on the values' order: a fixed stake gives the same
fortune in every order, so an outcome that comes late changes nothing but its own factor.

Only how far a value may lie *below* the mean limits the stake. Importance-weighted rewards are never negative,
so their heavy upper tail, which ruins normal and Bernstein intervals, does no harm here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LEAST, MOST = -1.0, 1.0
"""What a bounded mean is looked for between; rewards lie in [0, 1], so their differences lie here."""
_STEPS = 24


@dataclass(frozen=True)
class Bettor:
    """Values (n,) with one mean in [-1, 1], each seen `counts` (n,) times, and the stake on each (n,).

    `depth` is what the values times their stakes could have come to at worst, as a positive number. Neither it
    nor the stakes may depend on the values. `money` is what the bettor begins with.
    """

    values: Floats
    counts: Floats
    stakes: Floats
    depth: float
    money: float

    def log_fortune(self, mean: float) -> float:
        """What becomes of 1, as a logarithm, if `mean` is the hypothesis; who could go broke doesn't play."""
        if self.depth + float(self.stakes.max(initial=0.0)) * max(mean, 0.0) >= 1.0:
            return -np.inf
        return float(self.counts @ np.log1p(self.stakes * (self.values - mean)))


def log_fortune(bettors: Sequence[Bettor], mean: float) -> float:
    """The logarithm of what all bettors have together if they bet that the mean is above `mean`."""
    fortunes = [float(np.log(bettor.money)) + bettor.log_fortune(mean) for bettor in bettors]
    return float(np.logaddexp.reduce(fortunes))


def lower_bound(bettors: Sequence[Bettor], error: float) -> float:
    """What the mean exceeds, wrong with a probability of at most `error` in (0, 1).

    The bettors may measure one mean in different ways, all on the same experiences; their money sums to 1.
    """
    needed = -float(np.log(error))
    if log_fortune(bettors, LEAST) < needed:
        return LEAST
    low, high = LEAST, MOST
    for _ in range(_STEPS):
        middle = (low + high) / 2.0
        # A fortune falls as the hypothesised mean rises, so bisection finds where it is just enough.
        if log_fortune(bettors, middle) >= needed:
            low = middle
        else:
            high = middle
    return low
