"""What any policy would earn, estimated from the experiences on which none was trained."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from statistics import fmean
from typing import get_args

from msgspec import Struct

from models.configuration import TrainingConfiguration
from models.ope import Insufficient, Limits, ValueEstimate, estimate, evidence_for, value_of
from models.ope.estimate import Method
from processors.training.split import newest_revisions, split
from signalbox.events import Experience
from signalbox.policy import Policy


class Evaluation(Struct, frozen=True, kw_only=True):
    """A policy's mean reward by the recommended interval, and by one that holds at every look.

    `logged_reward` is what was earned on the same `held_out` experiences by whoever decided them, `by_method`
    holds the point estimates of all estimators; None and empty where the log is not enough.
    """

    held_out: int
    logged_reward: float | None
    recommended: ValueEstimate | Insufficient
    anytime: ValueEstimate | Insufficient
    by_method: dict[str, float]


def evaluate(
    experiences: Iterable[Experience], policy: Policy, *, since: datetime | None = None, seed: int = 0
) -> Evaluation:
    """Estimate from what the policy's own configuration holds out; what was decided before `since` is void.

    Raises `Stop` for another tenant's experience.
    """
    manifest = policy.manifest
    configuration = TrainingConfiguration.from_dict(manifest.lineage.configuration)
    everything = newest_revisions(experiences, manifest.tenant_id, since)
    held_out = split(everything, None, configuration.held_out_share).held_out
    evidence = evidence_for(held_out, policy, features=manifest.features)
    limits = Limits(effective_samples=configuration.min_effective_samples)
    recommended = estimate(evidence, limits=limits, seed=seed)
    enough = isinstance(recommended, ValueEstimate)
    return Evaluation(
        held_out=len(held_out),
        logged_reward=fmean(item.reward for item in held_out) if enough else None,
        recommended=recommended,
        anytime=estimate(evidence, validity="anytime", limits=limits, seed=seed),
        by_method={method: value_of(evidence, method) for method in get_args(Method)} if enough else {},
    )
