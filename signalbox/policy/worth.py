"""What agents are worth where their cost counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def net_worth(values: Floats, known: NDArray[np.bool_], costs: Floats) -> Floats:
    """Value less cost, finite for all; every array is of shape (k,), `known` says which values were learned.

    An unknown agent must not be the best because all others are dear: at most it is worth what the best one
    would be if it earned nothing.
    """
    worth: Floats = values - costs
    if known.all() or not known.any():
        return worth
    best = np.where(known, worth, -np.inf).argmax()
    return np.where(known, worth, np.minimum(worth, worth[best] - values[best]))
