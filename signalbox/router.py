"""Decides with the policy in force, or around the router's own baseline, and publishes every decision."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from random import Random
from secrets import token_hex
from typing import Any, Protocol, TypedDict, Unpack

from signalbox.choice import Chooser
from signalbox.errors import ConfigurationError, InvalidEvent
from signalbox.events import Entity, Modality, Relationship, RoutingDecision, RoutingOutcome
from signalbox.in_force import InForceSource, PolicySource, following
from signalbox.policy import DecisionFeatures
from signalbox.preference import Baseline, Preference, Question

MAX_QUERY_CHARACTERS = 8192
"""What an event holds of a query; the policy sees no more of it, so that learning and serving agree."""
MAX_COST_WEIGHT = 1e6
"""The largest that an event holds."""


class Context(TypedDict, total=False):
    """Where in the router's own records a decision belongs."""

    trace_id: str | None
    span_id: str | None
    session_id: str | None
    user_id: str | None


class EventSink(Protocol):
    """What a router publishes to: `signalbox.Publisher`, or a list in a test."""

    def publish_decision(self, decision: RoutingDecision) -> bool:
        """Take a decision; False if it was dropped."""

    def publish_outcome(self, outcome: RoutingOutcome) -> bool:
        """Take an outcome; False if it was dropped."""


class Router:
    """Chooses an agent for each query of one tenant; safe to share between threads.

    With a policy in force the choice is the policy's own, exploration included. Before, it is drawn from
    (1 - epsilon) · baseline + epsilon · uniform. Where a candidate is on trial and disagrees, it is drawn
    between the two. The probability of every candidate goes into the event.

    Policies come from `PolicySlots`, or from a `PolicySubscriber` of the champion and perhaps one of the slot
    `canary`; None leaves the baseline alone. `seed` is a number or a generator, for choices that can be
    repeated; `clock` gives the time of the events.
    """

    def __init__(
        self,
        publisher: EventSink,
        subscriber: InForceSource | PolicySource | None,
        tenant_id: str,
        epsilon: float = 0.1,
        seed: int | Random | None = None,
        *,
        canary: PolicySource | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        if not 0.0 <= epsilon <= 1.0:
            raise ConfigurationError(f"epsilon: between 0 and 1, got {epsilon}")
        self._publisher = publisher
        self._policies = following(subscriber, canary)
        self._tenant_id = tenant_id
        random = seed if isinstance(seed, Random) else Random(seed)  # noqa: S311  # not a secret
        self._chooser = Chooser(epsilon, random)
        self._clock = clock

    def decide(
        self,
        query: str,
        entities: Sequence[Entity] = (),
        candidates: Sequence[str] = (),
        modality: Modality = "text",
        *,
        baseline: Baseline = None,
        confidence: float | None = None,
        preference: Preference | None = None,
        cost_weight: float | None = None,
        decision_id: str | None = None,
        relationships: Sequence[Relationship] = (),
        enhanced_query: str | None = None,
        query_analysis: Mapping[str, str] | None = None,
        attributes: Mapping[str, Any] | None = None,
        **context: Unpack[Context],
    ) -> RoutingDecision:
        """Choose one of `candidates` (at least one) and publish the decision; returns it without waiting.

        `baseline` is what the router would do by itself: an agent, or agents with their shares; without it,
        anything equally. It counts until the first policy comes, and so does `confidence`, the router's own in
        a baseline of one agent. A `preference`, as a prompt program has one, is drawn from instead of all that
        is in force. `cost_weight` (at least 0) is what one unit of an agent's cost takes from the reward in
        this choice. `query_analysis` is what an analysis said of the query, by field; the policy learns from
        it. Queries are cut at 8192 characters. Raises `InvalidEvent`, which names the field, for input that no
        reader would accept.
        """
        _check(candidates, cost_weight)
        query = storable(query)
        decision_id = decision_id or token_hex(16)
        enhanced_query = enhanced_query if enhanced_query is None else storable(enhanced_query)
        features = DecisionFeatures(
            query, entities, modality, cost_weight, relationships, enhanced_query, query_analysis
        )
        if preference is None:
            question = Question(features, candidates, confidence)
            choice = self._chooser.choose(question, self._policies.in_force, baseline, decision_id)
        else:
            choice = self._chooser.alone(preference)
        decision = choice.event(
            features,
            candidates,
            tenant_id=self._tenant_id,
            occurred_at=self._clock(),
            decision_id=decision_id,
            attributes=dict(attributes or {}),
            **context,
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


def _check(candidates: Sequence[str], cost_weight: float | None) -> None:
    if not candidates:
        raise InvalidEvent("invalid", "candidates: at least one agent is needed, got none")
    if cost_weight is not None and not 0.0 <= cost_weight <= MAX_COST_WEIGHT:
        raise InvalidEvent("invalid", f"cost_weight: between 0 and {MAX_COST_WEIGHT:g}, got {cost_weight}")


def storable(query: str) -> str:
    """The query as an event can hold it: not too long, and without halves of surrogate pairs."""
    query = query[:MAX_QUERY_CHARACTERS]
    return query if query.isascii() else query.encode("utf-8", "replace").decode()
