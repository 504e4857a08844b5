"""Decides with the policy in force, or around the router's own baseline, and publishes every decision."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from random import Random
from typing import Any, Protocol
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from signalbox.errors import ConfigurationError, InvalidEvent
from signalbox.events import Entity, Modality, Relationship, RoutingDecision, RoutingOutcome, Slot
from signalbox.policy import BaselinePolicy, DecisionFeatures, epsilon_greedy
from signalbox.subscriber import ActivePolicy

MAX_QUERY_CHARACTERS = 8192
"""What an event holds of a query; the policy sees no more of it, so that learning and serving agree."""

Baseline = str | Mapping[str, float] | None


class EventSink(Protocol):
    """What a router publishes to: `signalbox.Publisher`, or a list in a test."""

    def publish_decision(self, decision: RoutingDecision) -> bool:
        """Take a decision; False if it was dropped."""

    def publish_outcome(self, outcome: RoutingOutcome) -> bool:
        """Take an outcome; False if it was dropped."""


class PolicySource(Protocol):
    """Where the policy in force comes from: `signalbox.PolicySubscriber`, or a constant in a test."""

    @property
    def current(self) -> ActivePolicy | None:
        """The policy in force, if there is one."""


@dataclass(frozen=True, slots=True)
class _Choice:
    """A distribution over the candidates, the place drawn from it, and who gave it."""

    probabilities: list[float]
    chosen: int
    active: ActivePolicy | None
    confidence: float | None


class Router:
    """Chooses an agent for each query of one tenant; safe to share between threads.

    With a policy in force the choice is the policy's own, exploration included. Before, it is drawn from
    (1 - epsilon) · baseline + epsilon · uniform. The probability of every candidate goes into the event.
    `seed` is a number or a generator, for choices that can be repeated; `clock` gives the time of the events.
    """

    def __init__(
        self,
        publisher: EventSink,
        subscriber: PolicySource | None,
        tenant_id: str,
        epsilon: float = 0.1,
        seed: int | Random | None = None,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        if not 0.0 <= epsilon <= 1.0:
            raise ConfigurationError(f"epsilon: between 0 and 1, got {epsilon}")
        self._publisher = publisher
        self._subscriber = subscriber
        self._tenant_id = tenant_id
        self._epsilon = epsilon
        self._random = seed if isinstance(seed, Random) else Random(seed)  # noqa: S311  # not a secret
        self._clock = clock
        self._uniform = BaselinePolicy(epsilon=epsilon)

    def decide(
        self,
        query: str,
        entities: Sequence[Entity] = (),
        candidates: Sequence[str] = (),
        modality: Modality = "text",
        *,
        baseline: Baseline = None,
        decision_id: str | None = None,
        relationships: Sequence[Relationship] = (),
        enhanced_query: str | None = None,
        trace_id: str | None = None,
        span_id: str | None = None,
        session_id: str | None = None,
        user_id: str | None = None,
        attributes: Mapping[str, Any] | None = None,
    ) -> RoutingDecision:
        """Choose one of `candidates` (at least one) and publish the decision; returns it without waiting.

        `baseline` is what the router would do by itself: an agent, or agents with their shares; without it,
        anything equally. It counts until the first policy comes. Queries are cut at 8192 characters. Raises
        `InvalidEvent`, which names the field, for input that no reader would accept.
        """
        query = _storable(query)
        features = DecisionFeatures(query, entities, modality)
        choice = self._choose(features, candidates, baseline)
        probabilities, active = choice.probabilities, choice.active
        propensity = probabilities[choice.chosen]
        slot: Slot = active.slot if active else "baseline"
        decision = RoutingDecision(
            tenant_id=self._tenant_id,
            occurred_at=self._clock(),
            decision_id=decision_id or uuid4().hex,
            query=query,
            candidate_agents=tuple(candidates),
            chosen_agent=candidates[choice.chosen],
            probabilities=tuple(probabilities),
            propensity=propensity,
            explored=propensity < max(probabilities),
            confidence=choice.confidence,
            slot=slot,
            policy_digest=active.digest if active else None,
            policy_version=active.version if active else None,
            modality=modality,
            enhanced_query=enhanced_query if enhanced_query is None else _storable(enhanced_query),
            entities=tuple(entities),
            relationships=tuple(relationships),
            trace_id=trace_id,
            span_id=span_id,
            session_id=session_id,
            user_id=user_id,
            attributes=dict(attributes or {}),
        )
        self._publisher.publish_decision(decision)
        return decision

    def record_outcome(
        self,
        decision_id: str,
        *,
        search_quality: float | None = None,
        agent_success: bool | None = None,
        user_satisfaction: float | None = None,
        processing_time_s: float | None = None,
        cost: float | None = None,
        result_count: int | None = None,
        error_class: str | None = None,
    ) -> RoutingOutcome:
        """Publish what came of a decision, whole or in part; at least one signal.

        Raises `InvalidEvent`, which names the field, where a signal is out of its range or none is given.
        """
        outcome = RoutingOutcome(
            tenant_id=self._tenant_id,
            occurred_at=self._clock(),
            decision_id=decision_id,
            search_quality=search_quality,
            agent_success=agent_success,
            user_satisfaction=user_satisfaction,
            processing_time_s=processing_time_s,
            cost=cost,
            result_count=result_count,
            error_class=error_class,
        )
        self._publisher.publish_outcome(outcome)
        return outcome

    def _choose(self, features: DecisionFeatures, candidates: Sequence[str], baseline: Baseline) -> _Choice:
        if not candidates:
            raise InvalidEvent("invalid", "candidates: at least one agent is needed, got none")
        active = self._subscriber.current if self._subscriber else None
        if active is None:
            probabilities = self._around(baseline, features, candidates)
            return _Choice(probabilities, self._draw(probabilities), None, None)
        scores = active.policy.scores(features, candidates)
        probabilities = epsilon_greedy(scores, active.policy.epsilon).tolist()
        chosen = self._draw(probabilities)
        return _Choice(probabilities, chosen, active, _softmax(scores, chosen))

    def _around(self, baseline: Baseline, features: DecisionFeatures, candidates: Sequence[str]) -> list[float]:
        policy = self._uniform
        if isinstance(baseline, str):
            if baseline not in candidates:
                raise InvalidEvent("invalid", f"baseline: {baseline!r} is not among the candidates")
            policy = BaselinePolicy({baseline: 1.0}, self._epsilon)
        elif baseline is not None:
            policy = BaselinePolicy(baseline, self._epsilon)
        try:
            return [min(share, 1.0) for share in policy.probabilities(features, candidates).tolist()]
        except ValueError as error:
            raise InvalidEvent("invalid", f"baseline: {error}") from None

    def _draw(self, probabilities: Sequence[float]) -> int:
        """A place, each with its probability; one whose probability is 0 is never drawn."""
        bounds = list(accumulate(probabilities))
        # Rounding may lift the product to the last bound itself, behind which there is nothing.
        return bisect_right(bounds, min(self._random.random() * bounds[-1], math.nextafter(bounds[-1], 0.0)))


def _softmax(scores: NDArray[np.float32], place: int) -> float:
    """The probability that the policy's softmax gives one candidate; 0 if it doesn't know the agent."""
    best = scores.max()
    if best == -math.inf:
        return 0.0
    parts = np.exp(scores - best)
    return float(parts[place] / parts.sum())


def _storable(query: str) -> str:
    """The query as an event can hold it: not too long, and without halves of surrogate pairs."""
    query = query[:MAX_QUERY_CHARACTERS]
    return query if query.isascii() else query.encode("utf-8", "replace").decode()
