"""Labels between Phoenix's span annotations and our `annotation` events."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from adapters.phoenix.annotations import SpanAnnotation
from models.labels import LABELS
from processors.spans.attributes import Attributes
from processors.spans.decision import decision_id_of
from processors.training.labels import worth
from signalbox.errors import Unusable
from signalbox.events import Annotation, moment_at
from signalbox.events.annotation import Label

_WORDS: Mapping[str, Label] = {
    "correct": "correct_routing",
    "right": "correct_routing",
    "good": "correct_routing",
    "wrong": "wrong_routing",
    "incorrect": "wrong_routing",
    "bad": "wrong_routing",
    "unclear": "ambiguous",
    "unknown": "insufficient_info",
    "insufficient": "insufficient_info",
}
_SUGGESTION = re.compile(r"\b(?:suggested_)?agent\s*[:=]\s*[\"'`]?([\w.:/-]+)", re.IGNORECASE)


def annotation_of(found: SpanAnnotation, tenant_id: str) -> Annotation:
    """The event of a label that somebody put on a span; the same one however often it is read.

    A person may write "wrong" for "wrong_routing", and "agent: NAME" into the explanation for the agent that
    would have been right. Raises `Unusable`, which names span, field and value.
    """
    text = (found.label or "").strip().lower().replace(" ", "_")
    label = _WORDS.get(text) or next((each for each in LABELS if each == text), None)
    if label is None:
        known = ", ".join((*LABELS, *_WORDS))
        raise Unusable("invalid", f"span {found.span_id}: label {found.label!r} is none of {known}")
    explanation, said = found.explanation or "", found.metadata
    named = _SUGGESTION.search(explanation)
    try:
        return msgspec.convert(
            {
                "tenant_id": tenant_id,
                "occurred_at": moment_at(found.updated_s),
                "decision_id": decision_id_of(found.span_id, Attributes(found.attributes)),
                "annotator": found.user or found.identifier or "phoenix",
                "kind": {"HUMAN": "human", "LLM": "llm"}.get(found.kind, "code"),
                "label": label,
                "confidence": said.get("confidence", 1.0),
                "reasoning": explanation[:8192],
                "suggested_agent": said.get("suggested_agent") or (named[1] if named else None),
                "reviewed": bool(said.get("reviewed", found.kind == "HUMAN")),
                "approved_by": said.get("approved_by"),
                "decided_at": moment_at(found.span_start_s),
            },
            Annotation,
        )
    except msgspec.ValidationError as error:
        raise Unusable("invalid", f"span {found.span_id}: {error}") from None


def label_row(annotation: Annotation, span_id: str) -> SpanAnnotation:
    """The label as Phoenix shows it; its score is the reward that the label stands for."""
    said: dict[str, Any] = {
        "confidence": annotation.confidence,
        "suggested_agent": annotation.suggested_agent,
        "reviewed": annotation.reviewed or annotation.kind == "human",
        "requires_review": annotation.requires_review,
        "approved_by": annotation.approved_by,
        "occurred_at": annotation.occurred_at.isoformat(),
    }
    return SpanAnnotation(
        span_id=span_id,
        identifier=annotation.annotator,
        kind=annotation.kind.upper(),
        label=annotation.label,
        score=worth(annotation.label),
        explanation=annotation.reasoning or None,
        metadata={name: value for name, value in said.items() if value is not None},
    )
