"""Judge a trial from the log of the decisions on which champion and candidate disagreed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.configuration import TrainingConfiguration
from models.gate import error_at
from models.threshold import Threshold
from models.trial import TrialVerdict, judge_trial
from processors.training.answers import Deployed, OnTrial, TrainingAnswer, identity, short
from processors.training.former import is_void
from processors.training.trial_limits import limits_of
from processors.training.trial_units import units_of
from signalbox.errors import ArtifactError
from signalbox.events import Experience, OptimizationTrigger, TrainingResult, TrialProgress, VerdictReason


def judge(
    trigger: OptimizationTrigger,
    experiences: Sequence[Experience],
    champion: Deployed | None,
    candidate: Deployed,
    on_trial: OnTrial,
    configuration: TrainingConfiguration,
) -> TrainingAnswer:
    """Promote the candidate, reject it, or let the trial go on.

    Half of the gate's error belongs to the trials under one champion, the first of them gets half of that.
    """
    manifest = candidate.policy.manifest
    if manifest.lineage.parent_digest != trigger.champion_digest:
        parent = short(manifest.lineage.parent_digest)
        message = f"On trial against {parent}, but {short(trigger.champion_digest)} is in force."
        return _ended(trigger, candidate, "stale_champion", message)
    if is_void(manifest, trigger):
        message = "The rewards have changed since the candidate was trained: what it has learned holds no more."
        return _ended(trigger, candidate, "not_proven", message)
    share = float(manifest.lineage.configuration.get("trial_share", configuration.trial_share))
    drawn = [item for item in experiences if item.decision.trial_digest == candidate.digest]
    units = units_of(drawn, candidate, champion, share)
    since = [item for item in experiences if item.occurred_at >= on_trial.begun_at]
    # Clocks differ: what was drawn in the trial was decided in it, whatever its time says.
    decisions = len({item.decision_id for item in (*since, *drawn)}) - (len(drawn) - len(units))
    seconds = (trigger.occurred_at - on_trial.begun_at).total_seconds()
    if "champion" not in manifest.estimates:
        raise ArtifactError(f"candidate {short(candidate.digest)}: without an estimate of the champion")
    verdict = judge_trial(
        units,
        decisions,
        max(seconds, 0.0),
        limits_of(trigger, decisions, champion, manifest, configuration),
        Threshold(kind=configuration.threshold_kind, value=configuration.improvement_threshold),
        float(np.clip(manifest.estimates["champion"].value, 0.0, 1.0)),
        error_at(on_trial.number, configuration.gate_error / 2.0),
        share,
    )
    return _judged(trigger, verdict, candidate, on_trial, left_out=len(drawn) - len(units))


def _judged(
    trigger: OptimizationTrigger, verdict: TrialVerdict, candidate: Deployed, on_trial: OnTrial, left_out: int
) -> TrainingAnswer:
    manifest = candidate.policy.manifest
    said = f" {left_out} experiences were not drawn as a trial draws, and left out." if left_out else ""
    result = TrainingResult(
        **identity(trigger),
        verdict=verdict.verdict,
        reason=verdict.reason,
        message=verdict.message + said,
        digest=candidate.digest,
        candidate=manifest.estimates.get("candidate"),
        champion=manifest.estimates.get("champion"),
        improvement=verdict.improvement,
        threshold=verdict.threshold,
        trial=verdict.progress,
        training_samples=manifest.lineage.training_samples,
    )
    promoted = verdict.verdict == "promoted"
    return TrainingAnswer(result, on_trial.artifact if promoted else None, manifest if promoted else None)


def _ended(
    trigger: OptimizationTrigger, candidate: Deployed, reason: VerdictReason, message: str
) -> TrainingAnswer:
    """The end of a trial that has nothing left to show."""
    result = TrainingResult(
        **identity(trigger),
        verdict="rejected",
        reason=reason,
        message=message,
        digest=candidate.digest,
        trial=TrialProgress(decisions=0, disagreements=0, seconds=0.0),
    )
    return TrainingAnswer(result)
