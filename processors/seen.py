"""The decisions of the last day, so that one that comes twice counts once."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

BUCKET_S = 3600
EDGE_S = 600
"""Two reports of a decision may differ in time by this much, or by the join window if that is longer."""


class SeenDecisions:
    """Decision hashes by the hour of the decision; older hours are packed to 8 bytes a decision."""

    def __init__(self, edge_s: float = EDGE_S) -> None:
        self._edge_s = max(EDGE_S, edge_s)
        self._open: dict[int, set[int]] = {}
        self._packed: dict[int, np.ndarray] = {}

    def __len__(self) -> int:
        return sum(map(len, self._open.values())) + sum(map(len, self._packed.values()))

    def add(self, decision: int, occurred_s: float) -> int:
        """Remember a decision; its hour."""
        bucket = int(occurred_s) // BUCKET_S
        hashes = self._open.get(bucket)
        if hashes is None:
            hashes = self._open[bucket] = set()
        hashes.add(decision)
        return bucket

    def contains(self, decision: int, occurred_s: float) -> bool:
        """Whether the decision was seen, at about that time."""
        first = int(occurred_s - self._edge_s) // BUCKET_S
        last = int(occurred_s + self._edge_s) // BUCKET_S
        for bucket in range(first, last + 1):
            if decision in self._open.get(bucket, ()) or self._is_packed(decision, bucket):
                return True
        return False

    def forget(self, before_s: float) -> None:
        """Forget the hours that end before `before_s`, and pack those that are no longer written to."""
        oldest = int(before_s // BUCKET_S)
        for buckets in (self._open, self._packed):
            for bucket in [b for b in buckets if b < oldest]:
                del buckets[bucket]
        while len(self._open) > 2:
            bucket = min(self._open)
            hashes = np.fromiter(self._open.pop(bucket), dtype=np.uint64)
            packed = self._packed.get(bucket)
            self._packed[bucket] = np.union1d(hashes, packed) if packed is not None else np.sort(hashes)

    def extend(self, decisions: Iterable[int], bucket: int) -> None:
        """Remember many decisions of one hour (used when state is recovered)."""
        self._open.setdefault(bucket, set()).update(decisions)

    def _is_packed(self, decision: int, bucket: int) -> bool:
        packed = self._packed.get(bucket)
        if packed is None:
            return False
        at = int(np.searchsorted(packed, np.uint64(decision)))
        return at < len(packed) and int(packed[at]) == decision
