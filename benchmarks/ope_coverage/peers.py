"""The intervals that other tools give, from importance weights and rewards in [0, 1], both of shape (n,)."""

from __future__ import annotations

from collections.abc import Callable
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bounds = tuple[float, float]
_RESAMPLES = 100
"""As many as Open Bandit Pipeline takes by default."""
_UNBOUNDED = 1e4
"""Times the largest possible weight: as good as infinite, and the formulas stay as they are."""


def bootstrap_ips(weights: Floats, rewards: Floats, largest: float, error: float, seed: int) -> Bounds:
    """Percentiles of the IPS estimate over resampled logs, as Open Bandit Pipeline computes them."""
    del largest
    values = weights * rewards
    places = np.random.default_rng(seed).integers(0, len(values), (_RESAMPLES, len(values)))
    lower, upper = np.quantile(values[places].mean(axis=1), (error / 2.0, 1.0 - error / 2.0))
    return _inside(float(lower), float(upper))


def gaussian(weights: Floats, rewards: Floats, largest: float, error: float, seed: int) -> Bounds:
    """The IPS estimate and a multiple of its standard error."""
    del largest, seed
    values = weights * rewards
    margin = NormalDist().inv_cdf(1.0 - error / 2.0) * values.std(ddof=1) / np.sqrt(len(values))
    return _inside(float(values.mean() - margin), float(values.mean() + margin))


def cressie_read(weights: Floats, rewards: Floats, largest: float, error: float, seed: int) -> Bounds:
    """All values that a reweighted log near the empirical one could have, its mean weight being 1.

    Karampatziakis, Langford and Mineiro, "Empirical likelihood for contextual bandits", 2020, with the
    Cressie-Read divergence of power -2. One unseen experience is added, with the weight 0 or the `largest`
    that is possible, and the worst reward.
    """
    del seed
    count = len(weights) + 1
    quantile = NormalDist().inv_cdf(1.0 - error / 2.0) ** 2
    unseen = largest if weights.sum() < len(weights) else 0.0
    mean, spread = _moments(np.append(weights, unseen))
    best = (mean - 1.0) ** 2 / spread
    radius = best + quantile / count
    lower = min(_extreme(weights, rewards, 0.0, weight, radius, 1.0) for weight in (0.0, largest))
    upper = max(-_extreme(weights, rewards, 1.0, weight, radius, -1.0) for weight in (0.0, largest))
    return _inside(lower, upper)


def cressie_read_unbounded(weights: Floats, rewards: Floats, largest: float, error: float, seed: int) -> Bounds:
    """The same without knowledge of the largest weight, which is its authors' default."""
    return cressie_read(weights, rewards, _UNBOUNDED * largest, error, seed)


def _extreme(
    weights: Floats, rewards: Floats, reward: float, weight: float, radius: float, sign: float
) -> float:
    """The least mean of sign * weight * reward within the radius, after regression on the weight."""
    every = np.append(weights, weight)
    values = sign * every * np.append(rewards, reward)
    mean, spread = _moments(every)
    slope = float(((every - mean) * values).mean()) / spread
    residual = float(np.var(values)) - slope**2 * spread
    room = radius - (1.0 - mean) ** 2 / spread
    centre = float(values.mean()) + slope * (1.0 - mean)
    return centre - float(np.sqrt(residual * room)) if room >= 0.0 else float("inf")


def _moments(values: Floats) -> tuple[float, float]:
    return float(values.mean()), max(float(values.var()), 1e-12)


def _inside(lower: float, upper: float) -> Bounds:
    return min(max(lower, 0.0), 1.0), min(max(upper, 0.0), 1.0)


PEERS: dict[str, Callable[[Floats, Floats, float, float, int], Bounds]] = {
    "bootstrap_ips": bootstrap_ips,
    "gaussian": gaussian,
    "cressie_read": cressie_read,
    "cressie_read_unbounded": cressie_read_unbounded,
}
