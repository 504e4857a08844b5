"""From the specification's `record_routing_experience` to an event."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from secrets import token_hex
from typing import Any

from signalbox.events import Modality, RoutingDecision, RoutingOutcome, Signals
from signalbox.events.outcome import SIGNAL_FIELDS
from signalbox.recommend.recommendation import Given, features_of
from signalbox.router import EventSink

_OF_OUTCOME = ("cost", "result_count", "error_class")
_OF_DECISION = ("propensity", "explored", "query_analysis", "trace_id", "span_id", "session_id", "user_id")
_MEANT = {"decision_id", "candidates", "probabilities", "modality", *_OF_OUTCOME, *_OF_DECISION}


class Recording:
    """Publishes what came of a routing choice; safe to share between threads.

    `metadata` may say more. With the `decision_id` of a decision that was published before, and no
    `candidates`, it is that decision's outcome. Else it is a decision with its outcome: among `candidates`,
    with their `probabilities` (by agent, or in their order) or the `propensity` of the choice. Without these
    nobody knows with which probability the agent was chosen, and nothing is assumed: what needs it leaves the
    experience out. `cost`, `result_count`, `error_class`, `modality`, `explored`, `query_analysis`, `trace_id`,
    `span_id`, `session_id` and `user_id` go where they belong, everything else into the decision's attributes.
    """

    def __init__(
        self, sink: EventSink, tenant_id: str, candidates: Sequence[str], clock: Callable[[], datetime]
    ) -> None:
        self._sink = sink
        self._tenant_id = tenant_id
        self._candidates = tuple(candidates)
        self._clock = clock

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
        if "decision_id" in metadata and not {"candidates", "probabilities"} & metadata.keys():
            told: dict[str, Any] = {name: getattr(signals, name) for name in SIGNAL_FIELDS}
            outcome = RoutingOutcome(**identity, decision_id=metadata["decision_id"], **told)
            self._sink.publish_outcome(outcome)
            return
        modality: Modality = metadata.get("modality", "text")
        features = features_of(query, entities, relationships, enhanced_query, modality, None)
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
