"""From scores to expected rewards, the same in training, router and gate."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from signalbox.policy.exploration import FEW

_LARGEST = 500.0
"""The highest score is cut here, far beyond any that is learned, so that its exponential is finite."""

Floats = NDArray[np.float64]


class Expectation(NamedTuple):
    """What k agents may expect: `values` in [0, 1], (k,); `odds` are the exponentials of score - highest score,
    (k,), and `total` is their sum."""

    values: Floats
    odds: Floats
    total: float


def expectation(scores: NDArray[np.float32], exclusivity: float) -> Expectation:
    """The rewards that k agents with these scores may expect, k >= 1; a score of -inf is worth 0.

    An agent's rivals are the sum of all others' exponentials over sqrt(k - 1); with the exclusivity b in [0, 1]
    its value is the logistic function of score - b ln(rivals). For b = 0 every agent is judged by itself, for
    b = 1 and two agents it is the softmax. The root stands between the others' sum and their mean: with the sum
    an agent among two hundred would have to be far better to seem good at all, with the mean a single strong
    rival would count for nothing.
    """
    k, highest = len(scores), float(scores[scores.argmax()])
    if highest == -math.inf:
        return Expectation(np.zeros(k), np.ones(k), float(k))
    power = exclusivity if k > 1 else 0.0
    own = math.exp((1.0 - power) * min(max(highest, -_LARGEST), _LARGEST))
    rival = 1.0 / math.sqrt(max(k - 1, 1))
    if k <= FEW:
        odds = [math.exp(score - highest) for score in scores.tolist()]
        total = sum(odds)
        values = [(o := odd * own) / (o + ((total - odd) * rival) ** power) for odd in odds]
        return Expectation(np.array(values), np.array(odds), total)
    many = np.exp(scores - np.float32(highest), dtype=np.float64)
    total = float(np.add.reduce(many))
    mine = many * own
    return Expectation(mine / (mine + ((total - many) * rival) ** power), many, total)
