"""A span as the decision that it tells of, with its outcome."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

import msgspec

from adapters.phoenix.spans import Span
from processors.spans.attributes import (
    AGENT,
    CANDIDATES,
    CONFIDENCE,
    CONTEXT,
    DECISION_ID,
    MODALITY,
    QUERY,
    Attributes,
)
from processors.spans.outcome import signals_of
from signalbox.errors import Unusable
from signalbox.events import Entity, Modality, Relationship, RoutingDecision, moment_at
from signalbox.router import MAX_QUERY_CHARACTERS

_MODALITIES: dict[str, Modality] = {each: each for each in get_args(Modality)}
_SEVERAL = frozenset(("both", "all", "multimodal"))


def decision_id_of(span_id: str, attributes: Attributes) -> str:
    """The decision's own id where the span has it, so that one that also came as an event counts once."""
    return attributes.find(DECISION_ID, str) or f"span/{span_id}"


def decision_of(span: Span, tenant_id: str) -> RoutingDecision:
    """The event; raises `Unusable`, which names the attribute and its value.

    Without candidates only the chosen agent is one, and there is no propensity: such a decision is kept out of
    all that needs either.
    """
    attributes = Attributes(span.attributes)
    chosen = attributes.require(AGENT, str)
    candidates = tuple(attributes.find(CANDIDATES, list[str]) or (chosen,))
    context = attributes.find(CONTEXT, dict[str, Any]) or {}
    try:
        return msgspec.convert(
            {
                "tenant_id": tenant_id,
                "occurred_at": moment_at(span.start_s),
                "decision_id": decision_id_of(span.span_id, attributes),
                "query": attributes.require(QUERY, str)[:MAX_QUERY_CHARACTERS],
                "candidate_agents": candidates,
                "chosen_agent": chosen,
                "probabilities": attributes.find(("routing.probabilities",), list[float]),
                "propensity": attributes.find(("routing.propensity",), float),
                "confidence": attributes.find(CONFIDENCE, float),
                "slot": attributes.find(("routing.slot",), str) or "baseline",
                "policy_digest": attributes.find(("routing.policy_digest",), str),
                "modality": modality_of(attributes),
                "entities": _entities(context.get("entities"), attributes),
                "relationships": msgspec.convert(context.get("relationships") or (), list[Relationship]),
                "enhanced_query": context.get("enhanced_query") or None,
                "outcome": signals_of(span, attributes),
                "trace_id": span.trace_id,
                "span_id": span.span_id,
                "session_id": attributes.find(("session.id",), str),
                "user_id": attributes.find(("user.id",), str),
                "attributes": {"source": "span", "span_name": span.name},
            },
            RoutingDecision,
            from_attributes=True,
        )
    except msgspec.ValidationError as error:
        raise Unusable("invalid", str(error)) from None


def modality_of(attributes: Attributes) -> Modality:
    """The modality, from the first of those that were detected; text where it is none of ours."""
    for name in MODALITY:
        found = attributes.find((name,), object)
        several = found if isinstance(found, Sequence) and not isinstance(found, str) else [found]
        for each in several:
            text = str(each).lower()
            if text in _SEVERAL:
                return "mixed"
            if text in _MODALITIES:
                return _MODALITIES[text]
    return "text"


def _entities(found: Any, attributes: Attributes) -> list[Entity]:
    if found is None:
        found = attributes.find(("routing.entities",), list[Any]) or ()
    named = [{"text": each} if isinstance(each, str) else each for each in found]
    return msgspec.convert(named, list[Entity])
