"""When training a scope is worthwhile: the settings, and what is said of a scope that is due."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from processors.drift import evidence_needed
from processors.promise import promise_evidence
from signalbox.events import TriggerReason


@dataclass(frozen=True)
class TriggerPolicy:
    """Counts are experiences, times are seconds of event time.

    `drift_error` is how many false alarms of drift are to be expected in 100,000 experiences, at most;
    `promise_error` the chance that a champion which keeps its promise is ever reported.
    """

    min_experiences: int = 50
    update_frequency: int = 10
    reward_drop: float = 0.1
    interval_s: int = 3600
    cool_down_s: int = 30
    timeout_s: int = 21_600
    trial_frequency: int = 20
    trial_decisions: int = 5000
    trial_s: int = 86_400
    drift_error: float = 0.1
    promise_error: float = 0.01
    min_annotations: int = 50

    @cached_property
    def drift_evidence(self) -> float:
        """The log evidence of a drift."""
        return evidence_needed(self.drift_error)

    @cached_property
    def promise_evidence(self) -> float:
        """The log evidence of a broken promise."""
        return promise_evidence(self.promise_error)


@dataclass(frozen=True)
class Due:
    """A scope that should be trained, or its trial or promise judged, and why.

    `trial_offset` is where the trial began on `routing-experience`, `changed_at_s` when the rewards changed,
    `labelled_s` when the oldest of the decisions was made whose labels are new.
    """

    tenant_key: str
    scope: str
    reasons: tuple[TriggerReason, ...]
    look: int
    experiences: int
    champion_digest: str | None
    windows: tuple[int, ...] = ()
    buffer_digest: str = ""
    trial_digest: str | None = None
    trial_offset: int | None = None
    changed_at_s: float | None = None
    labelled_s: float | None = None
