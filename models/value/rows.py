"""The hashed rows that have occurred, how often, and a place for each in matrices that grow."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.examples import Floats, Places

_FIRST_CAPACITY = 1024


class Weighted(NamedTuple):
    """A query as a sparse vector of Euclidean norm 1: `places` of its rows and `values`, both of shape (n,)."""

    places: Places
    values: Floats


class GrowingRows:
    """Places for the rows of a table of 2**`bits`, in the order of their first occurrence."""

    def __init__(self, bits: int) -> None:
        # Half as large as with numpy's own indices, because it is read at random all the time.
        self._place_of = np.full(1 << bits, -1, dtype=np.int32)
        self._rows = np.zeros(_FIRST_CAPACITY, dtype=np.int32)
        self._frequency = np.zeros(_FIRST_CAPACITY, dtype=np.float32)
        self._count = 0
        self._documents = 0

    def __len__(self) -> int:
        return self._count

    @property
    def capacity(self) -> int:
        """How many rows a matrix beside this needs."""
        return len(self._rows)

    @property
    def documents(self) -> int:
        """How many queries have been counted."""
        return self._documents

    @property
    def rows(self) -> Places:
        """The rows by place."""
        return self._rows[: self._count].astype(np.intp)

    def places(self, rows: Places) -> Places:
        """The rows' places; those that are new get one."""
        places = self._place_of.take(rows)
        if len(places) and places[places.argmin()] < 0:
            new = sorted(set(rows[places < 0].tolist()))
            end = self._count + len(new)
            self._reserve(end)
            self._place_of[new], self._rows[self._count : end] = range(self._count, end), new
            self._count = end
            places = self._place_of.take(rows)
        return places.astype(np.intp)

    def count(self, places: Places) -> None:
        """One more query has these rows."""
        self._frequency[places] += 1.0
        self._documents += 1

    def take_over(self, rows: Places, frequency: Floats, documents: int) -> None:
        """Go on from so many earlier queries, before any other: these distinct `rows` get the first places."""
        self._reserve(len(rows))
        self._count, self._documents = len(rows), documents
        self._place_of[rows] = np.arange(len(rows))
        self._rows[: len(rows)], self._frequency[: len(rows)] = rows, frequency

    def weighted(self, places: Places, values: Floats) -> Weighted:
        """The vector weighted by `idf` and normalised."""
        weighted = self.idf(places)
        weighted *= values
        weighted *= np.float32(1.0) / np.sqrt(np.einsum("n,n->", weighted, weighted))
        return Weighted(places, weighted)

    def idf(self, places: Places) -> Floats:
        """(ln((1 + documents) / (1 + frequency)) + 1) ** 1.5 so far; compare `models.vocabulary.Vocabulary`."""
        rarity: Floats = self._frequency.take(places)
        rarity += 1.0
        np.divide(np.float32(1.0 + self._documents), rarity, out=rarity)
        np.log(rarity, out=rarity)
        rarity += 1.0
        rarity *= np.sqrt(rarity)
        return rarity

    def unseen_idf(self) -> float:
        """That of a row which has not occurred."""
        return float((np.log(1.0 + self._documents) + 1.0) ** 1.5)

    def _reserve(self, count: int) -> None:
        capacity = self.capacity
        while capacity < count:
            capacity *= 2
        self._rows = grown(self._rows, capacity)
        self._frequency = grown(self._frequency, capacity)


def grown(array: NDArray[Any], capacity: int, fill: float = 0.0) -> NDArray[Any]:
    """The array with `capacity` rows, the new ones filled; itself if it has them already."""
    if len(array) >= capacity:
        return array
    new: NDArray[Any] = np.full((capacity, *array.shape[1:]), fill, dtype=array.dtype)
    new[: len(array)] = array
    return new
