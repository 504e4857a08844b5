"""From the specification's `record_routing_experience` to an event."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from secrets import token_hex
from typing import Any, Protocol

from signalbox.events import Modality, RoutingDecision, RoutingOutcome, Signals
from signalbox.events.outcome import SIGNAL_FIELDS
from signalbox.recommend.recommendation import Given, features_of
from signalbox.router import EventSink

log = logging.getLogger(__name__)

_OF_OUTCOME = ("cost", "result_count", "error_class")
_OF_DECISION = ("propensity", "explored", "query_analysis", "trace_id", "span_id", "session_id", "user_id")
_MEANT = {"decision_id", "candidates", "probabilities", "modality", *_OF_OUTCOME, *_OF_DECISION}


class KnowingSink(EventSink, Protocol):
    """An `EventSink` that knows which decisions went through it."""

    def knows(self, decision_id: str) -> bool:
        """Whether the decision was made here, not long ago."""


class Recording:
    """Publishes what came of a routing choice; safe to share between threads.

    `metadata` may say more. With the `decision_id` of a decision that was published before, and no
    `candidates`, it is that decision's outcome. A `decision_id` that isn't known here is told once, as a
    warning: where the loop is `alone`, the experience then is a decision of its own without a propensity, so it
    counts, but proves nothing; else the outcome is published, and the service joins it where it knows the
    decision, or keeps it as a dead letter. Without a `decision_id` it is a decision with its outcome: among
    `candidates`, with their `probabilities` (by agent, or in their order) or the `propensity` of the choice.
    Without these nobody knows with which probability the agent was chosen, and nothing is assumed: what needs
    it leaves the experience out. `cost`, `result_count`, `error_class`, `modality`, `explored`,
    `query_analysis`, `trace_id`, `span_id`, `session_id` and `user_id` go where they belong,
    everything else into the decision's attributes.
    """

    def __init__(
        self,
        sink: KnowingSink,
        tenant_id: str,
        candidates: Sequence[str],
        clock: Callable[[], datetime],
        *,
        alone: bool,
    ) -> None:
        self._sink = sink
        self._tenant_id = tenant_id
        self._candidates = tuple(candidates)
        self._clock = clock
        self._alone = alone
        self._has_warned = False

    def publish(
        self,
        query: str,
        entities: Sequence[Given],
        relationships: Sequence[Given],
        enhanced_query: str | None,
        chosen_agent: str,
        confidence: float,
        signals: Signals,
        metadata: Mapping[str, Any],
    ) -> None:
        """Publish one experience; raises `InvalidEvent`, naming the field, for what no reader would take."""
        identity: dict[str, Any] = {"tenant_id": self._tenant_id, "occurred_at": self._clock()}
        modality: Modality = metadata.get("modality", "text")
        features = features_of(query, entities, relationships, enhanced_query, modality, None)
        if self._is_outcome(metadata):
            told: dict[str, Any] = {name: getattr(signals, name) for name in SIGNAL_FIELDS}
            outcome = RoutingOutcome(**identity, decision_id=metadata["decision_id"], **told)
            self._sink.publish_outcome(outcome)
            return
        candidates, probabilities = self._choice(chosen_agent, metadata)
        given: dict[str, Any] = {name: metadata[name] for name in _OF_DECISION if name in metadata}
        if probabilities is not None and chosen_agent in candidates:
            given.setdefault("propensity", probabilities[candidates.index(chosen_agent)])
        decision = RoutingDecision(
            **identity,
            decision_id=metadata.get("decision_id") or token_hex(16),
            query=features.query,
            candidate_agents=candidates,
            chosen_agent=chosen_agent,
            probabilities=probabilities,
            confidence=confidence,
            modality=modality,
            enhanced_query=features.enhanced_query,
            entities=tuple(features.entities),
            relationships=tuple(features.relationships),
            outcome=signals,
            attributes={name: value for name, value in metadata.items() if name not in _MEANT},
            **given,
        )
        self._sink.publish_decision(decision)

    def _is_outcome(self, metadata: Mapping[str, Any]) -> bool:
        """Whether this is what came of a decision that was published before."""
        if "decision_id" not in metadata or {"candidates", "probabilities"} & metadata.keys():
            return False
        decision_id = metadata["decision_id"]
        if not isinstance(decision_id, str) or not decision_id or self._sink.knows(decision_id):
            return True  # what is no id is refused as the outcome's
        if not self._has_warned:
            self._has_warned = True
            then = "it counts, but nothing can be proven from it" if self._alone else "the service may know it"
            log.warning("decision_id %r wasn't decided here: %s; told once", decision_id, then)
        return not self._alone

    def _choice(
        self, chosen: str, metadata: Mapping[str, Any]
    ) -> tuple[tuple[str, ...], tuple[float, ...] | None]:
        """The candidates, and their probabilities where these are known."""
        shares = metadata.get("probabilities")
        if isinstance(shares, Mapping):
            return tuple(shares), tuple(shares.values())
        known = metadata.get("candidates")
        # Who was chosen could be chosen, whatever else could.
        candidates = tuple(dict.fromkeys((*self._candidates, chosen))) if known is None else tuple(known)
        return candidates, None if shares is None else tuple(shares)


def signals_of(
    search_quality: float,
    agent_success: bool,
    processing_time_s: float,
    user_satisfaction: float | None,
    metadata: Mapping[str, Any],
) -> Signals:
    """What was measured; a time of 0 is one that was not."""
    further = {name: metadata[name] for name in _OF_OUTCOME if name in metadata}
    return Signals(
        search_quality=search_quality,
        agent_success=agent_success,
        user_satisfaction=user_satisfaction,
        processing_time_s=processing_time_s or None,
        **further,
    )
