"""Weights for the few rows of a large hashed table that matter."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class SparseRows:
    """A matrix (rows, columns) of which most rows are zero: those that are not, and where they are.

    `slots` maps a hashed row to its place in `weights`; the last place holds zeros for all others.
    """

    def __init__(self, bits: int, rows: NDArray[np.integer], weights: NDArray[np.floating]) -> None:
        size = len(rows)
        # As narrow as it can be, because it is the largest part of a small policy and read at random.
        self.slots = np.full(1 << bits, size, dtype=np.min_scalar_type(size))
        self.slots[rows] = np.arange(size)
        self.weights = np.zeros((size + 1, weights.shape[1]), dtype=np.float32)
        self.weights[:size] = weights

    @property
    def rows(self) -> NDArray[np.intp]:
        """The hashed rows that are kept, ascending."""
        return np.flatnonzero(self.slots < len(self.weights) - 1)

    def times(self, places: NDArray[np.integer], values: Floats) -> Floats:
        """The product with a sparse vector whose rows have these places; shape (columns,).

        Not by BLAS, whose threads cost more than they save here and whose order of summation varies.
        """
        product: Floats = np.einsum("n,nc->c", values, self.weights.take(places, axis=0))
        return product
