"""What a scope remembers of its rewards, its policies and its triggers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct, field

from processors.drift import Drift
from processors.promise import Promise
from processors.trial_watch import TrialWatch
from processors.trigger import TriggerPolicy
from processors.waiting import Waiting, digests_of
from signalbox.events import TrainingResult, TriggerReason

RECENT_RATE = 0.04
BASELINE_RATE = 0.004
"""Exponential means over about the last 25 and 250 rewards: one is what happens, the other what is usual."""


class ScopeState(Struct, array_like=True):
    """One scope of one tenant key. At most one trigger is outstanding.

    New fields go to the end and have defaults: rows of earlier versions lack them.
    """

    experiences: int = 0
    since_trigger: int = 0
    recent_reward: float = 0.0
    baseline_reward: float = 0.0
    last_trigger_s: float | None = None
    outstanding: str | None = None
    looks: int = 0
    champion_digest: str | None = None
    trial: TrialWatch | None = None
    promise: Promise | None = None
    drift: Drift = field(default_factory=Drift)
    changed_at_s: float | None = None
    drifted: bool = False
    """A change was found that no trigger has told yet."""
    labels: int = 0
    labelled_s: float | None = None
    """New labels since the last training was asked for, and when the oldest of their decisions was made."""

    def observe(self, reward: float, decision: Waiting, policy: TriggerPolicy) -> None:
        """Count a new experience; the means are exact averages until they have enough to be exponential."""
        self.since_trigger += 1
        self.experiences = count = self.experiences + 1
        share = 1 / count  # compared by hand: `max` costs more than all the rest of this
        recent, usual = self.recent_reward, self.baseline_reward
        self.recent_reward = recent + (share if share > RECENT_RATE else RECENT_RATE) * (reward - recent)
        self.baseline_reward = usual + (share if share > BASELINE_RATE else BASELINE_RATE) * (reward - usual)
        changed_at_s = self.drift.observe(
            reward, decision.occurred_s, policy.drift_evidence, policy.reward_drop
        )
        if changed_at_s is not None:
            self.changed_at_s, self.drifted = changed_at_s, True
            # The evidence that the earlier looks were at is void.
            self.looks = 0
            # Nor is the champion to blame for another world than the one that it was promised in.
            self.promise = None
        if self.trial is not None or self.promise is not None:
            self._follow(reward, *digests_of(decision), policy)

    def reasons(self, policy: TriggerPolicy, now_s: float) -> tuple[TriggerReason, ...]:
        """Why to train or judge now; empty while too little is known, or the last trigger is open or young."""
        if not (self.since_trigger or self.labels):
            return ()
        age_s = None if self.last_trigger_s is None else now_s - self.last_trigger_s
        # So long as a change is not told, all that is decided is wrong: there is no time to cool down.
        # Enough labels don't wait either: they may come while the router is at rest, and its time stands still.
        is_told = self.labels >= policy.min_annotations
        is_urgent = is_told or (self.drifted and self.since_trigger >= policy.update_frequency)
        if age_s is not None and (
            (age_s < policy.cool_down_s and not is_urgent) or (self.outstanding and age_s < policy.timeout_s)
        ):
            return ()
        if self.trial is not None:
            # A candidate that was trained before the change is to be judged at once.
            is_void = self.drifted and not self.trial.canary
            return ("trial",) if is_void or self.trial.due(policy, now_s) else ()
        if self.promise is not None and self.promise.broken:
            return ("below_promise",)
        return self._reasons_to_train(policy, age_s)

    def labelled(self, decided_s: float | None) -> None:
        """Count a new label on a decision."""
        self.labels += 1
        if decided_s is not None:
            self.labelled_s = decided_s if self.labelled_s is None else min(decided_s, self.labelled_s)

    def triggered(self, trigger_id: str, now_s: float, reasons: Sequence[TriggerReason]) -> None:
        """Note that a trigger was emitted."""
        self.outstanding = trigger_id
        self.last_trigger_s = now_s
        self.since_trigger = 0
        if "trial" in reasons and self.trial is not None:
            self.trial.looked()
        elif "below_promise" in reasons and self.promise is not None:
            self.promise.asked = trigger_id
        else:
            self.drifted = False
            if "annotations" in reasons:
                self.labels, self.labelled_s = 0, None
            # Trials and promises are judged by tests of their own, which take nothing from the screen's error.
            self.looks += 1

    def answered(self, result: TrainingResult, now_s: float, offset: int) -> None:
        """Note a trigger's answer, a rollback or a canary; a trial begins at event time and offset given."""
        if self.outstanding == result.trigger_id:
            self.outstanding = None
        self._answer_trial(result, now_s, offset)
        if self.promise is not None and result.trigger_id == self.promise.asked and result.verdict != "failed":
            self.promise = None
        if result.verdict in ("promoted", "rolled_back"):
            self._new_champion(result.digest)
            # A new policy is a new usual: its rewards are not held against the old one's.
            self.baseline_reward = self.recent_reward
            if result.verdict == "rolled_back":
                if result.reason == "requested":
                    # A person wanted this policy, whatever it earns. Else perhaps the rewards have changed.
                    self.drift.clear()
            elif result.digest and result.candidate is not None and result.candidate.lower > 0.0:
                self.promise = Promise(result.digest, min(result.candidate.lower, 1.0))
        elif result.reason == "stale_champion":
            self._new_champion(result.champion_digest)

    def row(self) -> list[Any]:
        """The values in the order of the fields, of plain types; `restored` takes them."""
        row: list[Any] = msgspec.to_builtins(self)
        return row

    @classmethod
    def restored(cls, row: Sequence[Any]) -> ScopeState:
        """The state of a row, also of one that an earlier version wrote; raises `ValidationError`."""
        return msgspec.convert(row, cls)

    def _follow(
        self, reward: float, policy_digest: str | None, trial_digest: str | None, policy: TriggerPolicy
    ) -> None:
        if self.trial is not None:
            self.trial.observe(policy_digest, trial_digest)
        # Where candidate and champion were drawn between, the reward is not the champion's alone.
        if self.promise is not None and policy_digest == self.promise.digest and trial_digest is None:
            self.promise.observe(reward, policy.promise_evidence)

    def _reasons_to_train(self, policy: TriggerPolicy, age_s: float | None) -> tuple[TriggerReason, ...]:
        found: list[TriggerReason] = []
        if self.labels >= policy.min_annotations:
            found.append("annotations")
        if self.experiences < policy.min_experiences or not self.since_trigger:
            return tuple(found)
        if age_s is None or self.since_trigger >= policy.update_frequency:
            found.append("enough_experiences")
        if age_s is not None and self.recent_reward < self.baseline_reward - policy.reward_drop:
            found.append("reward_drop")
        if self.drifted:
            found.append("drift")
        if age_s is not None and age_s >= policy.interval_s:
            found.append("interval")
        return tuple(found)

    def _answer_trial(self, result: TrainingResult, now_s: float, offset: int) -> None:
        if result.verdict == "on_trial":
            if result.digest and (self.trial is None or self.trial.digest != result.digest):
                self.trial = TrialWatch(result.digest, now_s, offset, result.reason == "requested")
        elif (
            result.verdict in ("promoted", "rolled_back")
            or (result.verdict == "rejected" and result.trial is not None)
            or result.reason == "stale_champion"
        ):
            self.trial = None

    def _new_champion(self, digest: str | None) -> None:
        self.champion_digest = digest
        self.looks = 0
        if self.promise is not None and self.promise.digest != digest:
            self.promise = None
