"""An interval for a policy's value that holds at every number of experiences at once, however often one looks.

A bettor stakes a fixed share on every value of the policy exceeding the hypothesis m, which multiplies her
fortune by 1 + stake (value - m). If the true value is at most m, her fortune is a supermartingale, and so is
the mean fortune of several bettors with different stakes: by Ville's inequality it ever reaches 1 / error with
a probability of at most `error`. The lower bound is the largest m at which it has. Failures, weighted in the
same way, bound the value from above. Waudby-Smith and Ramdas, "Estimating means of bounded random variables by
betting", 2023; for importance weights Waudby-Smith, Wu, Ramdas, Karampatziakis and Mineiro, "Anytime-valid
off-policy inference for contextual bandits", 2022. The stakes depend on nothing observed, so the order of the
experiences doesn't matter, and a horizon need not be known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.ope.evidence import PolicyEvidence

Floats = NDArray[np.float64]
_EVEN = (0.0, 0.5, 1.0)
"""Rewards that a bettor calls even where the largest weight is 1; the less, the larger it could be."""
_STAKES = 0.95 / 2.0 ** np.arange(10)
"""Of the stake that could go broke: the smallest are best for the largest numbers of experiences."""
_STEPS = 20


@dataclass(frozen=True)
class Bounds:
    """What a policy's value lies between, in [0, 1]."""

    lower: float
    upper: float


def confidence_sequence(evidence: PolicyEvidence, confidence: float = 0.95) -> Bounds:
    """Bounds that hold at all n at once with the probability `confidence`, in (0, 1).

    The intersection of those at all looks so far holds, too. What the log could not show is taken to be worst.
    """
    error = (1.0 - confidence) / 2.0
    lower = _lower(evidence, evidence.rewards, error)
    return Bounds(lower, max(1.0 - _lower(evidence, 1.0 - evidence.rewards, error), lower))


def _lower(evidence: PolicyEvidence, rewards: Floats, error: float) -> float:
    """What the mean weighted reward exceeds, wrong at any n with a probability of at most `error`."""
    if not len(rewards):
        return 0.0
    values: list[Floats] = []
    stakes: list[float] = []
    for even in _EVEN:
        # It depends on the context alone and is smaller where weights can be large, so a weighted failure costs
        # at most `even`, and a value lies above -`even`.
        baseline = even / np.maximum(evidence.largest, 1.0)
        value = evidence.weights * (rewards - baseline) + baseline * (1.0 - evidence.missing)
        values += [value] * len(_STAKES)
        stakes += (_STAKES / (1.0 + even)).tolist()
    bets = np.array(stakes)[:, None] * np.stack(values)
    needed = -np.log(error) + np.log(len(stakes))
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2.0
        # A fortune falls as the hypothesis rises, so bisection finds where it is just enough.
        fortunes = np.log1p(bets - np.array(stakes)[:, None] * middle).sum(axis=1)
        low, high = (middle, high) if np.logaddexp.reduce(fortunes) >= needed else (low, middle)
    return low
