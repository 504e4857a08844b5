"""When a cycle is due: its interval has passed, or it failed and has waited, or whoever ran it has died."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from msgspec import Struct

from processors.cycles.records import CYCLES, Cycle, CycleReport

FIRST_WAIT_S = 60.0
"""After a first failure; it doubles with every further one, up to the interval."""
STUCK_S = 3600.0
"""A cycle that has not reported for so long is begun again."""
_MINUTE_S = 60.0


@dataclass(frozen=True)
class CyclePolicy:
    """Intervals are seconds by cycle; `overlap_s` is how late a span may arrive; topics keep `retention_s`."""

    intervals_s: Mapping[Cycle, float] = field(
        default_factory=lambda: {
            "span_evaluation": 15 * _MINUTE_S,
            "annotation": 30 * _MINUTE_S,
            "feedback": 15 * _MINUTE_S,
            "metrics": 5 * _MINUTE_S,
        }
    )
    overlap_s: float = 3600.0
    retention_s: float = 7 * 86_400.0


class Timer(Struct, array_like=True):
    """One cycle of one tenant; times are seconds of the leaders' clocks, `run` is the one that began it."""

    begun_s: float | None = None
    ended_s: float | None = None
    is_open: bool = False
    run: str = ""
    failures: int = 0
    error: str | None = None
    runs: int = 0

    def is_due(self, now_s: float, interval_s: float, run: str) -> bool:
        """Whether to begin at a tick of `now_s`, in the worker's run `run`."""
        if self.begun_s is None:
            return True
        if self.is_open:
            return self.run != run or now_s - self.begun_s >= max(STUCK_S, interval_s)
        if self.failures and self.ended_s is not None:
            return now_s - self.ended_s >= min(FIRST_WAIT_S * 2.0 ** min(self.failures - 1, 20), interval_s)
        return now_s - self.begun_s >= interval_s

    def begin(self, now_s: float, run: str) -> None:
        """Note that it was ordered."""
        self.begun_s, self.is_open, self.run = now_s, True, run

    def end(self, report: CycleReport) -> None:
        """Note how it went."""
        self.ended_s, self.is_open, self.error = report.ended_s, False, report.error
        self.failures = 0 if report.error is None else self.failures + 1
        self.runs += 1
        if report.more:
            self.begun_s = None


def due(timers: Mapping[Cycle, Timer], policy: CyclePolicy, now_s: float, run: str) -> list[Cycle]:
    """The cycles to begin now, in their order."""
    return [cycle for cycle in CYCLES if timers[cycle].is_due(now_s, policy.intervals_s[cycle], run)]
