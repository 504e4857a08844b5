"""Rewards as a few segments of consecutive experiences, the older the longer.

Sums are whole millionths, so that joining neighbours is associative to the last bit. Those of shards merge as
the union by time; what is kept of one stream is a function of its rewards' order alone.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

BLOCK = 16
LARGEST = 1024
"""Experiences in the smallest and in the largest segment."""
OF_A_SIZE = 3
"""So many segments of one size are kept; of one more, the two oldest are joined, or the oldest forgotten."""
PPM = 1_000_000


class Segment(Struct, frozen=True, array_like=True, gc=False):
    """Consecutive experiences: their number, the sum of their rewards in millionths, and where they begin.

    `start_s` is the newest event time (of decisions) that had been seen when the first one came.
    """

    count: int
    reward_ppm: int
    start_s: float

    def __post_init__(self) -> None:
        check_sum(self.count, self.reward_ppm)

    def joined(self, other: Segment) -> Segment:
        """Both as one; associative and commutative."""
        start_s = min(self.start_s, other.start_s)
        return Segment(self.count + other.count, self.reward_ppm + other.reward_ppm, start_s)


def merged(*shards: Iterable[Segment]) -> list[Segment]:
    """The segments of all shards in the order of their time; commutative and associative."""
    everything = [segment for shard in shards for segment in shard]
    return sorted(everything, key=lambda s: (s.start_s, s.count, s.reward_ppm))


def compact(segments: list[Segment]) -> None:
    """Join the two oldest of a size that has one too many; sizes fall from the oldest to the newest."""
    end = len(segments)
    while end > OF_A_SIZE and segments[end - OF_A_SIZE - 1].count == (size := segments[end - 1].count):
        oldest = end - OF_A_SIZE - 1
        if size == LARGEST:
            del segments[oldest]
            return
        segments[oldest : oldest + 2] = [segments[oldest].joined(segments[oldest + 1])]
        end = oldest + 1


def check_sum(count: int, reward_ppm: int) -> None:
    """Raise `ValueError` unless so many rewards in [0, 1] can have that sum."""
    if not (count >= 1 and 0 <= reward_ppm <= count * PPM):
        raise ValueError(f"{count} rewards can't sum to {reward_ppm} millionths")
