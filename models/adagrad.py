"""AdaGrad on a matrix of which a mini-batch touches few rows (Duchi, Hazan and Singer, 2011)."""

from __future__ import annotations

import numpy as np

from models.examples import Floats, Vectors

_FIRST_SQUARE = 1e-6
_BIAS_RATE = 0.01
"""Of the learning rate's scale: a bias sees every example and would run ahead of the rows."""


class AdaGrad:
    """Ascends on `weights` (rows, agents) and `bias` (agents,), in place, with a step size for each entry."""

    def __init__(self, weights: Floats, bias: Floats, learning_rate: float) -> None:
        self._weights, self._bias = weights, bias
        self._rate = np.float32(learning_rate)
        self._squares = np.full_like(weights, _FIRST_SQUARE)
        self._bias_squares = np.ones_like(bias)

    def ascend(self, vectors: Vectors, gradient: Floats) -> None:
        """One step along the gradient (n, agents) with respect to the scores of `vectors` (n)."""
        entries = vectors.values[:, None] * np.repeat(gradient, np.diff(vectors.starts), axis=0)
        order = np.argsort(vectors.rows, kind="stable")
        ordered = vectors.rows[order]
        first = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
        rows = ordered[first]
        sums = np.add.reduceat(entries[order], first, axis=0)
        squares = self._squares[rows] + sums * sums
        self._squares[rows] = squares
        self._weights[rows] += self._rate * sums / np.sqrt(squares)
        total = gradient.sum(axis=0)
        self._bias_squares += total * total
        self._bias += np.float32(_BIAS_RATE) * total / np.sqrt(self._bias_squares)
