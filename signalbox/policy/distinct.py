"""The first occurrence of each number, without sorting."""

from __future__ import annotations

from threading import Lock

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.intp]


class Distinct:
    """Drops repeated numbers below `limit` from at most `longest` of them; safe to share between threads.

    Each number finds the place of its first occurrence in an array, which takes less time than a dict.
    """

    def __init__(self, limit: int, longest: int) -> None:
        self._first = np.zeros(limit, np.min_scalar_type(longest))
        self._lock = Lock()

    def of(self, numbers: Rows) -> Rows:
        """The numbers, shape (n,), in the order of their first occurrence."""
        places = np.arange(len(numbers), dtype=self._first.dtype)
        with self._lock:
            # Of several values for one number the last is kept: that of its first occurrence.
            self._first[numbers[::-1]] = places[::-1]
            is_first = self._first.take(numbers) == places
        distinct: Rows = numbers[is_first]
        return distinct
