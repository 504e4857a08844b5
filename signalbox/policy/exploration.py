"""Exploration with exact propensities."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

FEW = 32
"""Up to so many agents, lists take less time than numpy."""


def epsilon_greedy(scores: ArrayLike, epsilon: float) -> NDArray[np.float64]:
    """The distribution that takes a best score with 1 - epsilon and anything with epsilon.

    `scores` has shape (k,), k >= 1; -inf marks what must not be exploited. Equal best scores share the
    exploited part, so the order of the candidates doesn't matter; where every score is -inf the result is
    uniform. `epsilon` is in [0, 1]. The result, shape (k,), sums to 1 and is at least epsilon / k everywhere
    (Sutton and Barto, Reinforcement Learning, section 2.2).
    """
    # Lists, because for a handful of agents they take a third of numpy's time.
    values: list[float] = np.asarray(scores).tolist()
    best = max(values)
    explored = epsilon / len(values)
    # Rounding may lift the sum of the two above 1, which no probability may be.
    exploited = min((1.0 - epsilon) / values.count(best) + explored, 1.0)
    return np.array([exploited if value == best else explored for value in values])


def explore_around(distribution: ArrayLike, epsilon: float) -> NDArray[np.float64]:
    """`distribution` (shape (k,), not negative, not all zero) mixed with the uniform one, epsilon in [0, 1].

    It is normalised first; raises `ValueError` where that can't be done.
    """
    values = np.asarray(distribution, dtype=np.float64)
    total = values.sum()
    if not np.isfinite(total) or total <= 0.0 or values.min() < 0.0:
        raise ValueError(f"distribution: {values.tolist()} has a negative or missing part, or sums to 0")
    mixed: NDArray[np.float64] = values * ((1.0 - epsilon) / total) + epsilon / len(values)
    return np.minimum(mixed, 1.0)


def square_cb(values: ArrayLike, gamma: float) -> NDArray[np.float64]:
    """SquareCB: the less an agent falls short of the best, the likelier it is tried.

    `values` are expected rewards, shape (k,), k >= 1, all finite. An agent that falls short of the best one by
    d gets 1 / (k + gamma d), gamma >= 0; the best ones share the rest equally. The result sums to 1
    (Foster and Rakhlin, "Beyond UCB: Optimal and Efficient Contextual Bandits with Regression Oracles", 2020,
    algorithm 1; after Abe and Long, 1999).
    """
    expected = np.asarray(values, dtype=np.float64)
    if len(expected) <= FEW:
        return np.array(_square_cb_of_few(expected.tolist(), gamma))
    gaps = expected[expected.argmax()] - expected
    shares: NDArray[np.float64] = 1.0 / (len(expected) + gamma * gaps)
    best = gaps == 0.0
    shares[best] = 0.0
    shares[best] = (1.0 - np.add.reduce(shares)) / np.count_nonzero(best)
    return shares


def _square_cb_of_few(values: list[float], gamma: float) -> list[float]:
    best, k = max(values), len(values)
    explored = [1.0 / (k + gamma * (best - value)) if value < best else 0.0 for value in values]
    exploited = (1.0 - sum(explored)) / values.count(best)
    return [share or exploited for share in explored]
