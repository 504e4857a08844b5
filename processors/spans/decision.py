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
    ENHANCED,
    MODALITY,
    PROBABILITIES,
    PROPENSITY,
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
    candidates = attributes.find(CANDIDATES, list[str])
    context = attributes.find(CONTEXT, dict[str, Any]) or {}
    content: dict[str, Any] = {
        "tenant_id": tenant_id,
        "occurred_at": moment_at(span.start_s),
        "decision_id": decision_id_of(span.span_id, attributes),
        "query": attributes.require(QUERY, str)[:MAX_QUERY_CHARACTERS],
        "candidate_agents": candidates or (chosen,),
        "chosen_agent": chosen,
        "probabilities": attributes.find(PROBABILITIES, list[float]) if candidates else None,
        "propensity": attributes.find(PROPENSITY, float) if candidates else None,
        "explored": attributes.find(("routing.explored",), bool) or False,
        "confidence": attributes.find(CONFIDENCE, float),
        "slot": attributes.find(("routing.slot",), str) or "baseline",
        "policy_digest": attributes.find(("routing.policy_digest",), str),
        "policy_version": attributes.find(("routing.policy_version",), int),
        "trial_digest": attributes.find(("routing.trial_digest",), str),
        "cost_weight": attributes.find(("routing.cost_weight",), float),
        "modality": modality_of(attributes),
        "entities": context.get("entities") or attributes.find(("routing.entities",), list[Any]) or (),
        "relationships": context.get("relationships") or (),
        "enhanced_query": context.get("enhanced_query") or attributes.find(ENHANCED, str),
        "outcome": signals_of(span, attributes),
        "trace_id": span.trace_id,
        "span_id": span.span_id,
        "session_id": attributes.find(("session.id",), str),
        "user_id": attributes.find(("user.id",), str),
        "attributes": {"source": "span", "span_name": span.name},
    }
    try:
        entities = msgspec.convert(content["entities"], list[Entity | str])
        content["entities"] = [Entity(text=each) if isinstance(each, str) else each for each in entities]
        content["relationships"] = msgspec.convert(content["relationships"], list[Relationship])
        return msgspec.convert(content, RoutingDecision, from_attributes=True)
    except msgspec.ValidationError as error:
        name = str(error).rpartition("`$.")[2].rstrip("`")
        raise Unusable("invalid", f"{error}; got {content.get(name)!r:.80}" if name else str(error)) from None


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
