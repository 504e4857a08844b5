"""When training a scope is worthwhile."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from signalbox.events import TrainingResult, TriggerReason


@dataclass(frozen=True)
class TriggerPolicy:
    """Counts are experiences, times are seconds of event time."""

    min_experiences: int = 50
    update_frequency: int = 10
    reward_drop: float = 0.1
    interval_s: int = 3600
    cool_down_s: int = 30
    timeout_s: int = 21_600


RECENT_RATE = 0.04
BASELINE_RATE = 0.004
"""Exponential means over about the last 25 and 250 rewards: one is what happens, the other what is usual."""


@dataclass(slots=True)
class ScopeState:
    """One scope of one tenant key. At most one trigger is outstanding."""

    experiences: int = 0
    since_trigger: int = 0
    recent_reward: float = 0.0
    baseline_reward: float = 0.0
    last_trigger_s: float | None = None
    outstanding: str | None = None
    looks: int = 0
    champion_digest: str | None = None

    def observe(self, reward: float) -> None:
        """Count a new experience; the means are exact averages until they have enough to be exponential."""
        self.experiences += 1
        self.since_trigger += 1
        self.recent_reward += max(RECENT_RATE, 1 / self.experiences) * (reward - self.recent_reward)
        self.baseline_reward += max(BASELINE_RATE, 1 / self.experiences) * (reward - self.baseline_reward)

    def reasons(self, policy: TriggerPolicy, now_s: float) -> tuple[TriggerReason, ...]:
        """Why to train now; empty while too little is known or the last trigger is unanswered or too young."""
        if self.experiences < policy.min_experiences or not self.since_trigger:
            return ()
        if self.last_trigger_s is None:
            return ("enough_experiences",)
        age_s = now_s - self.last_trigger_s
        if age_s < policy.cool_down_s or (self.outstanding and age_s < policy.timeout_s):
            return ()
        found: list[TriggerReason] = []
        if self.since_trigger >= policy.update_frequency:
            found.append("enough_experiences")
        if self.recent_reward < self.baseline_reward - policy.reward_drop:
            found.append("reward_drop")
        if age_s >= policy.interval_s:
            found.append("interval")
        return tuple(found)

    def triggered(self, trigger_id: str, now_s: float) -> None:
        """Note that a trigger was emitted."""
        self.outstanding = trigger_id
        self.last_trigger_s = now_s
        self.since_trigger = 0
        self.looks += 1

    def answered(self, result: TrainingResult) -> None:
        """Note a trigger's answer, or a rollback."""
        if self.outstanding == result.trigger_id:
            self.outstanding = None
        if result.verdict in ("promoted", "rolled_back"):
            self.champion_digest = result.digest
            self.looks = 0
            # A new policy is a new usual: its rewards are not held against the old one's.
            self.baseline_reward = self.recent_reward
        elif result.reason == "stale_champion":
            self.champion_digest = result.champion_digest
            self.looks = 0

    def row(self) -> list[Any]:
        """The values in the order of the constructor."""
        return [getattr(self, name) for name in self.__slots__]


@dataclass(frozen=True)
class Due:
    """A scope that should be trained, and why."""

    tenant_key: str
    scope: str
    reasons: tuple[TriggerReason, ...]
    look: int
    experiences: int
    champion_digest: str | None
    windows: tuple[int, ...] = field(default=())
    buffer_digest: str = ""
