"""The limit that halts a worker when so much input is bad that the fault is probably ours."""

from __future__ import annotations

from collections import deque

from signalbox.errors import TooManyDeadLetters

RECENT_RECORDS = 1000


class DeadLetterLimit:
    """The share of refused records among the last thousand, counted batch by batch."""

    def __init__(self, most: float) -> None:
        self.most = most
        self._batches: deque[tuple[int, int]] = deque()
        self._records = 0
        self._refused = 0

    def count(self, records: int, refused: int, example: str = "") -> None:
        """Count a batch; raises `TooManyDeadLetters` when the share is above the limit."""
        self._batches.append((records, refused))
        self._records += records
        self._refused += refused
        while self._records - self._batches[0][0] >= RECENT_RECORDS:
            old_records, old_refused = self._batches.popleft()
            self._records -= old_records
            self._refused -= old_refused
        if self._records >= RECENT_RECORDS and self._refused > self.most * self._records:
            raise TooManyDeadLetters(
                f"{self._refused} of the last {self._records} records went to dead-letter, the limit is"
                f" {self.most:.0%}; last reason: {example}"
            )
