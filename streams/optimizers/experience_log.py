"""Experiences by their offsets: what `routing-experience` is to the trainer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

NEWEST = 200
"""So many are kept in any case, for the metrics that look back on them."""
_SLACK = 1000


class ExperienceLog:
    """Encoded experiences from offset `first` up to and without `end`; of more than `most` only the newest."""

    def __init__(self, first: int = 0, values: Iterable[bytes] = (), most: int | None = None) -> None:
        self.first = first
        self._values = list(values)
        self._most = most

    def __len__(self) -> int:
        return len(self._values)

    @property
    def end(self) -> int:
        """The offset of the next one."""
        return self.first + len(self._values)

    def append(self, values: Sequence[bytes]) -> None:
        """Take further ones."""
        self._values += values
        if self._most is not None:
            self.forget_before(self.end - self._most)

    def between(self, start: int, end: int) -> tuple[bytes, ...]:
        """Those of a range; of what is forgotten, nothing."""
        return tuple(self._values[max(start - self.first, 0) : max(end - self.first, 0)])

    def newest(self, count: int) -> tuple[bytes, ...]:
        """The last `count`, oldest first."""
        return self.between(self.end - count, self.end)

    def forget_before(self, offset: int) -> None:
        """Let go of what is no longer needed, now or a little later."""
        spare = min(offset, self.end - NEWEST) - self.first
        if spare > min(_SLACK, len(self._values) // 2):
            del self._values[:spare]
            self.first += spare
