"""Hashes with the time at which they were new, packed, so that a week of them is one small row."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

BUCKET_S = 600
MOST = 400_000
"""More would not fit into a record; the oldest are let go of first."""


class Remembered:
    """A set of 64-bit hashes in buckets of ten minutes."""

    def __init__(self) -> None:
        self._buckets: dict[int, set[int]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._buckets.values()))

    def __contains__(self, item: int) -> bool:
        return any(item in bucket for bucket in self._buckets.values())

    def add(self, items: Iterable[tuple[int, float]]) -> None:
        """Remember hashes with their seconds."""
        for item, at_s in items:
            self._buckets.setdefault(int(at_s) // BUCKET_S, set()).add(item)

    def forget(self, before_s: float) -> None:
        """Forget the buckets that end before `before_s`, and the oldest of too many."""
        oldest = int(before_s) // BUCKET_S
        for bucket in [bucket for bucket in self._buckets if bucket < oldest]:
            del self._buckets[bucket]
        while len(self) > MOST:
            del self._buckets[min(self._buckets)]

    def all(self) -> frozenset[int]:
        """Every hash."""
        return frozenset[int]().union(*self._buckets.values())

    def row(self) -> list[Any]:
        """Buckets with their hashes as bytes, in order."""
        return [
            [bucket, np.sort(np.fromiter(found, dtype="<u8")).tobytes()]
            for bucket, found in sorted(self._buckets.items())
        ]

    @classmethod
    def restored(cls, row: Iterable[Any]) -> Remembered:
        """What `row` said."""
        found = cls()
        for bucket, packed in row:
            found._buckets[bucket] = set(np.frombuffer(packed, dtype="<u8").tolist())
        return found
