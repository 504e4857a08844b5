"""Labels change what experiences are worth: the join of `annotation` with `routing-experience`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from msgspec import structs

from models.labels import Verdict, label_signals, newest_annotations, trust_of, verdict_of
from processors.reward import RewardPolicy, reward
from signalbox.events import Annotation, Experience, OptimizationTrigger, Signals, moment_at
from signalbox.events.annotation import Label

LEAST_WEIGHT = 0.05
"""A label that weighs less says nothing."""


@dataclass(frozen=True)
class Labelled:
    """The experiences, each once, with what labels made of them.

    `decisions` are the ids of those that a label has changed. `corrections` show what should have been chosen:
    rows for training alone, without propensity and with ids of their own, by the id of their decision.
    """

    experiences: list[Experience]
    decisions: frozenset[str] = frozenset()
    corrections: dict[str, list[Experience]] = field(default_factory=dict)


def worth(label: Label) -> float:
    """The reward that a label stands for, with the specification's weights and no time taken."""
    value = reward(label_signals(label), RewardPolicy())
    assert value is not None  # noqa: S101 every label has signals
    return value


def with_labels(
    experiences: Sequence[Experience], annotations: Iterable[Annotation], min_agreement: float
) -> Labelled:
    """The newest revision of every experience, with the newest and weightiest label on it.

    A label of weight w (the annotator's confidence times the trust in it) makes the reward
    (1 - w) reward + w worth(label). A suggested agent that was a candidate gives a correction, whose reward is
    drawn to the mean of all by what w lacks of 1. Labels that say nothing change nothing.
    """
    labels = list(annotations)
    if not labels:
        return Labelled(list(experiences))
    by_decision, trust = newest_annotations(labels), trust_of(labels, min_agreement)
    usual = float(np.mean([item.reward_before_cost for item in experiences])) if experiences else 0.0
    found: list[Experience] = []
    changed: set[str] = set()
    corrections: dict[str, list[Experience]] = {}
    for item in experiences:
        verdict = verdict_of(item.decision, by_decision.get(item.decision_id, ()))
        trusted = trust.get(verdict.annotator) if verdict else None
        weight = verdict.confidence * (trusted.weight if trusted else 1.0) if verdict else 0.0
        if verdict is None or weight < LEAST_WEIGHT:
            found.append(item)
            continue
        changed.add(item.decision_id)
        found.append(_judged(item, verdict, weight))
        if verdict.agent not in (None, item.decision.chosen_agent):
            corrections[item.decision_id] = [_correction(item, verdict, weight, usual)]
    return Labelled(found, frozenset(changed), corrections)


def without_aged(trigger: OptimizationTrigger, labelled: Labelled) -> list[Experience]:
    """All but what is older than the trigger's windows and has no label: it was read for those that have."""
    if "annotations" not in trigger.reasons:
        return labelled.experiences
    since = moment_at(min(trigger.windows))
    return [i for i in labelled.experiences if i.occurred_at >= since or i.decision_id in labelled.decisions]


def _judged(item: Experience, verdict: Verdict, weight: float) -> Experience:
    is_right = verdict.agent == item.decision.chosen_agent
    told = worth("correct_routing" if is_right else "wrong_routing")
    before = item.reward_before_cost
    after = (1.0 - weight) * before + weight * told
    value = min(max(item.reward + after - before, 0.0), 1.0)
    return structs.replace(item, reward=value, quality=None if item.quality is None else after)


def _correction(item: Experience, verdict: Verdict, weight: float, usual: float) -> Experience:
    decision = structs.replace(
        item.decision,
        chosen_agent=verdict.agent or item.decision.chosen_agent,
        propensity=None,
        probabilities=None,
        outcome=None,
    )
    return structs.replace(
        item,
        decision_id=f"{item.decision_id[:116]}/corrected",
        decision=decision,
        reward=weight * worth("correct_routing") + (1.0 - weight) * usual,
        outcome=Signals(agent_success=True),
        propensity=None,
        quality=None,
        cost_weight=0.0,
    )
