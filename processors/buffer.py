"""The replay buffer: a bounded, diverse sample of experiences for every window of event time.

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
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

HASHES = 2.0**64
Stratum = tuple[str, str, int]


@dataclass(frozen=True)
class BufferPolicy:
    """Windows are `window_s` whole seconds; the newest `windows` are kept, each of at most `capacity` rows."""

    window_s: int = 3600
    windows: int = 24
    capacity: int = 1000

    def window_of(self, occurred_s: float) -> int:
        """The start, in seconds since 1970, of the window that `occurred_s` lies in."""
        return int(occurred_s // self.window_s) * self.window_s


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


class ReplayBuffer:
    """The windows of one tenant key."""

    def __init__(self, policy: BufferPolicy) -> None:
        self.policy = policy
        self.windows: dict[int, Window] = {}

    def __len__(self) -> int:
        return sum(len(window.rows) for window in self.windows.values())

    def add(self, occurred_s: float, row: Row) -> bool:
        """Offer an experience to the window of its decision's time; whether anything changed."""
        return self.window(self.policy.window_of(occurred_s)).add(row)

    def window(self, start: int) -> Window:
        """The window that starts at `start`, made if it is new."""
        window = self.windows.get(start)
        if window is None:
            window = self.windows[start] = Window(self.policy.capacity)
        return window

    def evict(self, before: int) -> list[int]:
        """Forget the windows that start before `before`; their starts."""
        gone = [start for start in self.windows if start < before]
        for start in gone:
            del self.windows[start]
        return gone

    def sample(self) -> Iterator[tuple[Row, float]]:
        """Every kept experience with its weight, oldest window first, by hash inside a window."""
        for start in sorted(self.windows):
            window = self.windows[start]
            for decision in sorted(window.rows):
                row = window.rows[decision]
                yield row, window.weight(row)

    def digest(self) -> str:
        """A fingerprint of what is kept, hexadecimal: window starts, hashes and rewards."""
        digest = blake2b(digest_size=16)
        for start in sorted(self.windows):
            rows = self.windows[start].rows
            hashes = np.array(sorted(rows), dtype=np.uint64)
            rewards = np.array([rows[int(h)].reward for h in hashes], dtype=np.float64)
            digest.update(start.to_bytes(8, "big", signed=True) + hashes.tobytes() + rewards.tobytes())
        return digest.hexdigest()
