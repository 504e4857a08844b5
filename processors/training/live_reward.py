"""What a policy earns in traffic, with bounds that hold however often one looks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.betting import Bettor, Floats, lower_bound
from signalbox.events import Estimate

_STAKES = (0.05, 0.1, 0.2, 0.4)
"""Of bettors with equal money on rewards in [0, 1]; small ones win on many, large ones on few."""


def live_reward(rewards: Sequence[float], error: float, weights: Sequence[float] | None = None) -> Estimate:
    """The mean of n rewards in [0, 1], times their weights in [0, 2]; (0, 1) is all that none of them tell.

    Each bound is wrong with a probability of at most `error`, at whatever time it is asked for.
    """
    values = np.array(rewards, dtype=np.float64)
    weight = np.ones(len(values)) if weights is None else np.array(weights, dtype=np.float64)
    squares = float(weight @ weight)
    return Estimate(
        value=float(np.average(values, weights=weight)) if squares else 0.0,
        lower=max(_at_least(weight * values, error), 0.0),
        upper=1.0 - max(_at_least(weight * (1.0 - values), error), 0.0),
        samples=len(values),
        effective_samples=float(weight.sum()) ** 2 / squares if squares else 0.0,
        largest_weight=float(weight.max(initial=0.0)),
        overlap=1.0,
    )


def _at_least(values: Floats, error: float) -> float:
    """A lower bound of the mean of values that are never negative."""
    counts = np.ones(len(values))
    money = 1.0 / len(_STAKES)
    bettors = [Bettor(values, counts, np.full(len(values), stake), 0.0, money) for stake in _STAKES]
    return lower_bound(bettors, error) if len(values) else 0.0
