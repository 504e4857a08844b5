"""A model of the reward that each agent would have earned, from the chosen agents' rewards only."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.examples import Examples, Places, Vectors

Floats = NDArray[np.float64]
_IDF_POWER = 1.5
_STEPS = 4
"""Of the whole data each; more of them, or smaller ones, did not predict unseen rewards better."""
_RATE, _BIAS_RATE = 0.5, 0.1
_FIRST_SQUARE = 1e-6


class RewardModel(Protocol):
    """What the doubly robust estimators ask of a model."""

    def predict(self, vectors: Vectors) -> Floats:
        """The expected rewards of n contexts, shape (n, agents), each in [0, 1]."""
        ...


@dataclass(frozen=True)
class LinearRewardModel:
    """A logistic regression per agent on rarity-weighted features.

    `rows` (m,) are the known features, ascending, `idf` (m + 1,) their rarity and, last, that of unknown ones;
    `weights` is (m + 1, agents), its last row zero, and `bias` (agents,).
    """

    rows: Places
    idf: Floats
    weights: Floats
    bias: Floats

    def predict(self, vectors: Vectors) -> Floats:
        """The expected rewards of n contexts, shape (n, agents), each in (0, 1)."""
        places = self._place_of[np.minimum(vectors.rows, self.rows[-1] + 1)]
        values = _unit_norm(vectors.values * self.idf[places], vectors.starts)
        weighted = Vectors(vectors.starts, places, values.astype(np.float32))
        scores = weighted.times(self._weights).astype(np.float64)
        return _sigmoid(scores + self.bias)

    # Made once, as the model is also asked query by query.

    @cached_property
    def _place_of(self) -> Places:
        """The place of each feature up to one beyond the known ones, which stands for all that are unknown."""
        place_of = np.full(self.rows[-1] + 2, len(self.rows), dtype=np.intp)
        place_of[self.rows] = np.arange(len(self.rows))
        return place_of

    @cached_property
    def _weights(self) -> NDArray[np.float32]:
        return self.weights.astype(np.float32)


def fit_reward_model(examples: Examples) -> LinearRewardModel:
    """Cross-entropy of the chosen agents' rewards by AdaGrad on all of them at once (Duchi et al., 2011).

    The order of the examples changes nothing but rounding. Scores start at 0, so an agent that nothing is known
    of is expected to earn .5. Raises `ValueError` without examples.
    """
    if not len(examples):
        raise ValueError("a reward model needs at least one example")
    vectors, agents = examples.vectors, len(examples.agents)
    sizes = np.diff(vectors.starts)
    frequency = np.bincount(vectors.rows)
    rows = np.flatnonzero(frequency)
    idf = (np.log((1 + len(examples)) / (1 + np.append(frequency[rows], 0))) + 1.0) ** _IDF_POWER
    places = np.cumsum(frequency > 0)[vectors.rows] - 1
    values = _unit_norm(vectors.values * idf[places], vectors.starts)
    used, entry = _distinct(places * agents + np.repeat(examples.chosen, sizes), len(rows) * agents)
    weights, squares = np.zeros(len(used)), np.full(len(used), _FIRST_SQUARE)
    bias, bias_squares = np.zeros(agents), np.ones(agents)
    for _ in range(_STEPS):
        scores = np.add.reduceat(values * weights[entry], vectors.starts[:-1]) + bias[examples.chosen]
        error = examples.rewards - _sigmoid(scores)
        gradient = np.bincount(entry, values * np.repeat(error, sizes), len(used))
        squares += gradient * gradient
        weights += _RATE * gradient / np.sqrt(squares)
        gradient = np.bincount(examples.chosen, error, agents)
        bias_squares += gradient * gradient
        bias += _BIAS_RATE * gradient / np.sqrt(bias_squares)
    matrix = np.zeros((len(rows) + 1) * agents)
    matrix[used] = weights
    return LinearRewardModel(rows, idf, matrix.reshape(-1, agents), bias)


def _distinct(cells: Places, size: int) -> tuple[Places, Places]:
    """The distinct cells below `size`, ascending, and each cell's place among them: faster than sorting."""
    present = np.zeros(size, dtype=np.bool_)
    present[cells] = True
    return np.flatnonzero(present), (np.cumsum(present) - 1)[cells]


def _unit_norm(values: Floats, starts: Places) -> Floats:
    norms = np.sqrt(np.add.reduceat(values * values, starts[:-1]))
    scaled: Floats = values / np.repeat(norms, np.diff(starts))
    return scaled


def _sigmoid(scores: Floats) -> Floats:
    probabilities: Floats = 1.0 / (1.0 + np.exp(-scores))
    return probabilities
