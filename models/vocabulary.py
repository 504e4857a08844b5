"""The hashed rows that matter to a policy, and how rare each is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.examples import Floats, Places, Vectors

_POWER = 1.5
"""Of the inverse document frequency: it measured better than 1 and than none for routing."""


@dataclass(frozen=True)
class Vocabulary:
    """The distinct `rows` (n,), ascending, with their inverse document frequencies `idf` (n + 1,).

    The last `idf` is that of every row outside. All have the precision in which an artifact stores them, so
    that training sees exactly the features that the router will.
    """

    rows: Places
    idf: Floats

    @classmethod
    def of(cls, vectors: Vectors, further: Places) -> Vocabulary:
        """The rows of these vectors and `further` ones: (ln((1 + n) / (1 + frequency)) + 1) ** 1.5."""
        rows = np.union1d(vectors.rows, further)
        frequency = np.bincount(np.searchsorted(rows, vectors.rows), minlength=len(rows) + 1)
        idf = (np.log((1 + len(vectors)) / (1 + frequency)) + 1.0) ** _POWER
        return cls(rows, idf.astype(np.float16).astype(np.float32))

    def weighted(self, vectors: Vectors) -> Vectors:
        """The vectors with places in this vocabulary for rows, weighted by rarity, each of Euclidean norm 1."""
        places = np.searchsorted(self.rows, vectors.rows)
        values = vectors.values * self.idf[places]
        norms = np.sqrt(np.add.reduceat(values * values, vectors.starts[:-1]))
        return Vectors(vectors.starts, places, values / np.repeat(norms, np.diff(vectors.starts)))
