"""Does the champion earn what the gate promised?"""

from __future__ import annotations

from math import log

from msgspec import Struct

from processors.fall import evidence_below
from processors.segments import PPM, check_sum


class Promise(Struct, array_like=True, gc=False):
    """The live rewards of the champion `digest` against `lower`, the mean that its promotion promised.

    `broken` stays True once the evidence sufficed; `asked` is the trigger that asked the trainer to look.
    """

    digest: str
    lower: float
    count: int = 0
    reward_ppm: int = 0
    broken: bool = False
    asked: str | None = None

    def __post_init__(self) -> None:
        if not 0.0 < self.lower <= 1.0:
            raise ValueError(f"a promise of {self.lower}, not in (0, 1]")
        if self.count or self.reward_ppm:
            check_sum(self.count, self.reward_ppm)

    def observe(self, reward: float, needed: float) -> None:
        """Take in a live reward in [0, 1]; `needed` is the log evidence of an alarm (`promise_evidence`)."""
        self.count += 1
        self.reward_ppm += round(reward * PPM)
        if not self.broken:
            self.broken = evidence_below(self.lower, self.count, self.reward_ppm / PPM) >= needed


def promise_evidence(error: float) -> float:
    """The log evidence that a champion which keeps its promise reaches, ever, with a chance of `error`."""
    return -log(error)
