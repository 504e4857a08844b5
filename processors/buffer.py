"""The replay buffer: for every window of event time, a sample of its experiences (see `processors.window`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from processors.window import Row, Window


@dataclass(frozen=True)
class BufferPolicy:
    """Windows are `window_s` whole seconds; the newest `windows` are kept, each of at most `capacity` rows."""

    window_s: int = 3600
    windows: int = 24
    capacity: int = 1000

    def window_of(self, occurred_s: float) -> int:
        """The start, in seconds since 1970, of the window that `occurred_s` lies in."""
        return int(occurred_s // self.window_s) * self.window_s


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
