"""Labels change what experiences are worth: the join of `annotation` with `routing-experience`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from models.configuration import TrainingConfiguration
from models.held_out import is_held_out
from models.labels import Agreement, Verdict, newest_annotations, trust_of, verdict_of
from processors.reward import RewardPolicy
from processors.training.label_rewards import corrected, judged
from signalbox.events import Annotation, Experience, OptimizationTrigger, moment_at
from signalbox.events.annotation import Label

LEAST_WEIGHT = 0.05
"""A label that weighs less says nothing."""


@dataclass(frozen=True)
class Labelled:
    """The experiences, each once, with what labels made of them.

    `decisions` are the ids of those that a label has changed or added to. `corrections`, by the id of their
    decision, are rows for training alone; `weights`, by the rows' own ids, say how much each counts.
    """

    experiences: list[Experience]
    decisions: frozenset[str] = frozenset()
    corrections: dict[str, Experience] = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)

    def count(self, experiences: Iterable[Experience]) -> int:
        """How many of these a label has changed or added to."""
        return sum(item.decision_id in self.decisions for item in experiences)


def with_labels(
    experiences: Sequence[Experience],
    annotations: Iterable[Annotation],
    configuration: TrainingConfiguration,
    names: Mapping[str, str] = MappingProxyType({}),
) -> Labelled:
    """The newest revision of every experience, with the newest and weightiest label on it.

    A label of weight w (the annotator's confidence times the trust in it) makes the reward
    (1 - w) reward + w worth(label). A suggested agent that was a candidate, or has one of the `names` that are
    known now (each with the agent's present one), gives a correction of weight w, unless the decision is held
    out. Labels that say nothing change nothing.
    """
    labels = list(annotations)
    if not labels:
        return Labelled(list(experiences))
    by_decision, trust = newest_annotations(labels), trust_of(labels, configuration.min_agreement)
    policy = RewardPolicy(time_penalty=configuration.time_penalty, time_half_s=configuration.time_half_s)
    found: list[Experience] = []
    changed: set[str] = set()
    corrections: dict[str, Experience] = {}
    weights: dict[str, float] = {}
    for item in experiences:
        verdict = verdict_of(item.decision, by_decision.get(item.decision_id, ()), names)
        if verdict is None or (weight := _weight(verdict, trust)) < LEAST_WEIGHT:
            found.append(item)
            continue
        chosen, right = item.decision.chosen_agent, verdict.agent
        is_right = right is not None and names.get(right, right) == names.get(chosen, chosen)
        label: Label = "correct_routing" if is_right else "wrong_routing"
        found.append(judged(item, label, weight, policy) if verdict.is_known else item)
        is_shown = not is_held_out(item.decision_id, configuration.held_out_share)
        if right is not None and not is_right and is_shown:
            corrections[item.decision_id] = row = corrected(item, right)
            weights[row.decision_id] = weight
        if verdict.is_known or item.decision_id in corrections:
            changed.add(item.decision_id)
    return Labelled(found, frozenset(changed), corrections, weights)


def without_aged(trigger: OptimizationTrigger, labelled: Labelled, share: float) -> list[Experience]:
    """All but what is older than the trigger's windows, unless a label makes it fit for training.

    Older ones were read for the sake of labels. The gate's `share` of them is left out as well: they are there
    because somebody chose to label them, and would be no fair sample of what the router meets.
    """
    if "annotations" not in trigger.reasons or not trigger.windows:
        return labelled.experiences
    since = moment_at(min(trigger.windows))
    return [
        item
        for item in labelled.experiences
        if item.occurred_at >= since
        or (item.decision_id in labelled.decisions and not is_held_out(item.decision_id, share))
    ]


def _weight(verdict: Verdict, trust: Mapping[str, Agreement]) -> float:
    """A label that a person gave or approved weighs its confidence; a model's that times the trust in it."""
    return verdict.confidence * (1.0 if verdict.by_person else trust[verdict.annotator].weight)
