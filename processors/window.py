"""A bounded, diverse sample of the experiences of one window.

A window keeps `capacity` experiences. They are ordered by (rank inside their stratum, decision hash): first
the smallest hash of every stratum, then the second smallest of each, and so on; the first `capacity` survive.
A stratum is (agent, modality, reward band). So every stratum keeps as many as any other before a large one
keeps more, and what is kept depends only on the *set* of experiences: not on their order, not on repeats,
and the sample of a union is the sample of the samples. Inside a stratum this is bottom-k sampling, whose
inclusion probability is the smallest hash left out (Cohen and Kaplan, "Summarizing data using bottom-k
sketches", 2007).
"""

from __future__ import annotations

from bisect import insort

from msgspec import Struct
from msgspec.structs import replace

HASHES = 2.0**64
Stratum = tuple[str, str, int]


class Row(Struct, frozen=True, gc=False):
    """What the buffer keeps of an experience; the rest lies on `routing-experience`."""

    hash: int
    reward: float
    revision: int
    stratum: Stratum


def stratum_of(agent: str, modality: str, reward: float) -> Stratum:
    """Agent, modality and the third of [0, 1] that the reward lies in."""
    band = int(reward * 3.0)
    return agent, modality, band if band < 2 else 2


class Window:
    """The sample of one window."""

    __slots__ = ("_changed", "_level", "_longest", "capacity", "left_out", "rows", "strata")

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.rows: dict[int, Row] = {}
        self.strata: dict[Stratum, list[int]] = {}
        self.left_out: dict[Stratum, int] = {}
        self._level = 0
        self._longest: list[tuple[int, Stratum]] = []
        self._changed: set[Stratum] = set()

    def add(self, row: Row) -> bool:
        """Offer an experience, or a newer revision of one; whether anything changed.

        A revision keeps its place: what is sampled depends on first rewards, what is learned on the last.
        """
        known = self.rows.get(row.hash)
        if known is None:
            return row.revision == 0 and self._take_in(row)
        if row.revision <= known.revision:
            return False
        self.rows[row.hash] = replace(row, stratum=known.stratum)
        return True

    def restore(self, row: Row) -> bool:
        """Take in a row that some sample kept, at whatever revision; whether anything changed."""
        known = self.rows.get(row.hash)
        if known is None:
            return self._take_in(row)
        self.rows[row.hash] = max(known, row, key=lambda r: r.revision)
        return False

    def limit(self, stratum: Stratum, left_out: int) -> None:
        """Take over another sample's knowledge of what was left out."""
        self._leave_out(stratum, left_out)

    def changed_limits(self) -> set[Stratum]:
        """The strata of which more was left out since this was last asked."""
        changed = self._changed
        if changed:
            self._changed = set()
        return changed

    def weight(self, row: Row) -> float:
        """How many experiences of its stratum the kept one stands for: 1 / inclusion probability."""
        smallest = self.left_out.get(row.stratum)
        return 1.0 if smallest is None else HASHES / (smallest + 1)

    def _take_in(self, row: Row) -> bool:
        identity, stratum, rows = row.hash, row.stratum, self.rows
        hashes = self.strata.get(stratum)
        if hashes is None:
            hashes = self.strata[stratum] = []
        if len(rows) < self.capacity:
            insort(hashes, identity)
            rows[identity] = row
            return True
        if not self._longest:
            self._find_longest()
        if self._is_last(row, hashes):
            return self._leave_out(stratum, identity)
        insort(hashes, identity)
        rows[identity] = row
        if len(hashes) > self._level:
            self._level = len(hashes)
            self._longest = [(hashes[-1], stratum)]
        elif len(hashes) == self._level:
            insort(self._longest, (hashes[-1], stratum))
        self._evict_last()
        return True

    def _leave_out(self, stratum: Stratum, decision: int) -> bool:
        if decision >= self.left_out.get(stratum, 1 << 64):
            return False
        self.left_out[stratum] = decision
        self._changed.add(stratum)
        return True

    def _is_last(self, row: Row, hashes: list[int]) -> bool:
        """Whether a row comes after all that are kept; `hashes` are those of its stratum."""
        if hashes and row.hash < hashes[-1]:
            return False
        rank = len(hashes) + 1
        return rank > self._level or (rank == self._level and row.hash > self._longest[-1][0])

    def _evict_last(self) -> None:
        last, stratum = self._longest.pop()
        self.strata[stratum].pop()
        del self.rows[last]
        self._leave_out(stratum, last)

    def _find_longest(self) -> None:
        """The largest hashes of the strata that have most rows; only a full window needs to know."""
        self._level = max(map(len, self.strata.values()))
        self._longest = sorted((h[-1], s) for s, h in self.strata.items() if len(h) == self._level)
