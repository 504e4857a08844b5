"""How far a reward model's predictions are to be trusted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_CERTAIN = 0.02
"""A model's prediction is taken to be at least so far from 0 and 1."""
_STEPS = 8
_RIDGE = 0.1
_FARTHEST = 12.0


def logit(probabilities: Floats) -> Floats:
    """log(p / (1 - p)) of p confined to [.02, .98]."""
    inside = np.clip(probabilities, _CERTAIN, 1.0 - _CERTAIN)
    odds: Floats = np.log(inside / (1.0 - inside))
    return odds


def sigmoid(scores: Floats) -> Floats:
    """1 / (1 + exp(-score))."""
    probabilities: Floats = 1.0 / (1.0 + np.exp(-scores))
    return probabilities


def shrunk_slope(offsets: Floats, rewards: Floats, counts: Floats, stratum: NDArray[np.intp]) -> float:
    """The slope of the rewards' logit on the predictions' one, with an intercept for each stratum.

    Platt, "Probabilistic outputs for support vector machines", 1999, by Newton's method, each (n,) weighted by
    `counts`. Confined to [0, 1]: a useless model gets 0, none is trusted beyond what it claims.
    """
    heard = counts > 0.0
    design = np.column_stack([np.eye(int(stratum.max()) + 1)[stratum[heard]], offsets[heard]])
    weights, rewards = counts[heard], rewards[heard]
    solution = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        expected = sigmoid(np.clip(design @ solution, -_FARTHEST, _FARTHEST))
        curvature = (design * (weights * expected * (1.0 - expected))[:, None]).T @ design
        curvature[np.diag_indices_from(curvature)] += _RIDGE
        gradient = design.T @ (weights * (rewards - expected)) - _RIDGE * solution
        solution += np.linalg.solve(curvature, gradient)
    return float(np.clip(solution[-1], 0.0, 1.0))
