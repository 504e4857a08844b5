"""Has the reward process changed for the worse, and since when?

The newest thousands of rewards are kept as segments of 16, 32, ... up to 1,024 experiences, a few of each size,
as in ADWIN (Bifet and Gavaldà, "Learning from time-changing data with adaptive windowing", 2007). Whenever a
segment of 16 is full, every boundary between two segments is tried as the moment of change, and the evidence
that the mean after it is lower than the mean before it is weighed (`processors.fall`). Together they are an
e-detector (Shin, Ramdas and Rinaldo, "E-detectors", 2022): the number of boundaries tried, times the chance of
an alarm at each, bounds the false alarms.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log

from msgspec import Struct, field

from processors.fall import evidence_of_fall
from processors.segments import BLOCK, PPM, Segment, check_sum, compact

TESTS_PER_100K = 8_300
"""How many pairs of an oldest segment and a boundary 100,000 experiences make: every 1,024 the oldest goes, and
in that time there are 64 new boundaries and at most 20 old ones."""
DISPERSION_RATE = 1 / 64


class Drift(Struct, array_like=True):
    """The detector's state: full segments, oldest first, and the one that is being filled."""

    segments: list[Segment] = field(default_factory=list)
    count: int = 0
    reward_ppm: int = 0
    start_s: float = 0.0
    newest_s: float = 0.0
    dispersion: float = 1.0

    def __post_init__(self) -> None:
        if self.count or self.reward_ppm:
            check_sum(self.count, self.reward_ppm)

    def observe(self, reward: float, occurred_s: float, needed: float, least_fall: float) -> float | None:
        """Take in a reward in [0, 1] of a decision at `occurred_s`; when the change was, if this shows one.

        `needed` is the log evidence of an alarm (`evidence_needed`); see `change` for `least_fall`. After an
        alarm only what came since the change is kept.
        """
        self.newest_s = max(self.newest_s, occurred_s)
        if not self.count:
            self.start_s = self.newest_s
        self.count += 1
        self.reward_ppm += round(reward * PPM)
        if self.count < BLOCK:
            return None
        self.segments.append(Segment(self.count, self.reward_ppm, self.start_s))
        self.count = self.reward_ppm = 0
        place = change(self.segments, needed * max(self.dispersion, 1.0), least_fall)
        if place is not None:
            del self.segments[:place]
            return self.segments[0].start_s
        self._note_dispersion()
        compact(self.segments)
        return None

    def _note_dispersion(self) -> None:
        """How much more neighbouring blocks differ than independent successes and failures would make them.

        Rewards that come in bursts are worth less than as many independent ones (McCullagh and Nelder,
        "Generalized linear models", 1989, section 4.5).
        """
        if len(self.segments) < 2:
            return
        one, other = self.segments[-2:]
        mean = sum(s.reward_ppm for s in self.segments) / (sum(s.count for s in self.segments) * PPM)
        variance = mean * (1.0 - mean)
        if variance > 0.0:
            found = ((one.reward_ppm - other.reward_ppm) / PPM) ** 2 / (2.0 * BLOCK * variance)
            self.dispersion += DISPERSION_RATE * (found - self.dispersion)

    def clear(self) -> None:
        """Forget all rewards: those to come are not to be compared with them."""
        self.segments.clear()
        self.count = self.reward_ppm = 0


def evidence_needed(error: float) -> float:
    """The log evidence at which at most `error` false alarms are to be expected in 100,000 experiences."""
    return log(TESTS_PER_100K / error)


def change(segments: Sequence[Segment], needed: float, least_fall: float) -> int | None:
    """The place of the first segment after the most evident fall, if its log evidence is `needed` or more.

    A fall of the mean reward by less than `least_fall`, and not to half, is not worth forgetting anything.
    """
    count = sum(segment.count for segment in segments)
    total_ppm = sum(segment.reward_ppm for segment in segments)
    later, later_ppm, found, most = 0, 0, None, needed
    for place in range(len(segments) - 1, 0, -1):
        later += segments[place].count
        later_ppm += segments[place].reward_ppm
        earlier, earlier_ppm = count - later, total_ppm - later_ppm
        usual, now = earlier_ppm / (earlier * PPM), later_ppm / (later * PPM)
        if now > max(usual - least_fall, usual / 2.0):
            continue
        evidence = evidence_of_fall(earlier, earlier_ppm / PPM, later, later_ppm / PPM)
        if evidence >= most:
            found, most = place, evidence
    return found
