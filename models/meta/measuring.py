"""The context that logged experiences make."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

from models.meta.context import NEVER_DAYS, ModelingContext
from models.meta.features import MANY_FEATURES, example_features
from models.meta.modality import QueryModality
from signalbox.events import Experience

GOOD_REWARD = 0.6
"""Where nobody said whether the agent succeeded, a reward from here on says so."""
MANY_AGENTS = 4
_DAY_S = 86_400.0


def context_of(
    experiences: Sequence[Experience],
    last_trained_at: datetime | None,
    now: datetime,
    synthetic: int = 0,
    modality: QueryModality | None = None,
) -> ModelingContext:
    """The context of a modality's experiences: each decision once, failures too, in any order.

    `now` is event time, `synthetic` how many synthetic examples can be had. Diversity is .6 of the share of
    distinct queries and .4 of the agents that acted, of four. Quality is .7 of the share of examples with more
    than 5 features and .3 of twice the variance of the confidence, at most 1. Without experiences, both keep
    their defaults and the rates aren't known.
    """
    days = _days_between(last_trained_at, now)
    if not experiences:
        return ModelingContext(
            modality=modality, synthetic_sample_count=synthetic, days_since_last_training=days
        )
    count = len(experiences)
    decisions = [item.decision for item in experiences]
    confidences = [item.confidence for item in decisions if item.confidence is not None]
    full = sum(len(example_features(item, modality)) > MANY_FEATURES for item in experiences)
    unique_queries = len({item.query for item in decisions})
    unique_agents = len({item.chosen_agent for item in decisions})
    return ModelingContext(
        modality=modality,
        real_sample_count=count,
        synthetic_sample_count=synthetic,
        success_rate=sum(map(has_succeeded, experiences)) / count,
        avg_confidence=_mean(confidences) if confidences else None,
        days_since_last_training=days,
        data_quality_score=0.7 * full / count + 0.3 * min(2.0 * _variance(confidences), 1.0),
        feature_diversity=0.6 * unique_queries / count + 0.4 * min(unique_agents / MANY_AGENTS, 1.0),
    )


def has_succeeded(experience: Experience) -> bool:
    """Whether the agent did its work: what the outcome says or, where it doesn't, a reward of at least .6."""
    outcome = experience.outcome
    if outcome.error_class or outcome.agent_success is False:
        return False
    return outcome.agent_success is True or experience.reward >= GOOD_REWARD


def _days_between(last_trained_at: datetime | None, now: datetime) -> float:
    if last_trained_at is None:
        return NEVER_DAYS
    # A training may end after the newest record that it read: event time hasn't got there yet.
    return min(max((now - last_trained_at).total_seconds() / _DAY_S, 0.0), NEVER_DAYS)


def _mean(values: Sequence[float]) -> float:
    # An exact sum, so that the order of the experiences changes no bit.
    return math.fsum(values) / len(values)


def _variance(values: Sequence[float]) -> float:
    if not values:
        return 0.0
    mean = _mean(values)
    return _mean([(value - mean) ** 2 for value in values])
