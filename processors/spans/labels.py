"""Labels between Phoenix's span annotations and our `annotation` events."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from adapters.phoenix.span_annotation import SpanAnnotation
from models.labels import LABELS
from processors.spans.attributes import Attributes
from processors.spans.decision import decision_id_of
from processors.training.label_rewards import worth
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
_SUGGESTION = re.compile(
    r"\b(?:suggested[ _])?agent\s*[:=]\s*(?:[\"'`]([^\"'`]+)[\"'`]|([\w.:/-]*\w))", re.IGNORECASE
)


def annotation_of(found: SpanAnnotation, tenant_id: str) -> Annotation:
    """The event of a label that somebody put on a span; the same one however often it is read.

    A person may write "wrong" for "wrong_routing", and "agent: NAME" into the explanation for the agent that
    would have been right. What was changed in Phoenix's pages is that person's, and the metadata below it is
    that of the label which stood there. Raises `Unusable`, which names span, field and value.
    """
    text = (found.label or "").strip().lower().replace(" ", "_")
    label = _WORDS.get(text) or next((each for each in LABELS if each == text), None)
    if label is None:
        known = ", ".join((*LABELS, *_WORDS))
        raise Unusable("invalid", f"span {found.span_id}: label {found.label!r} is none of {known}")
    explanation = found.explanation or ""
    said: Mapping[str, Any] = {} if found.source == "APP" else found.metadata
    try:
        return msgspec.convert(
            {
                "tenant_id": tenant_id,
                "occurred_at": said.get("occurred_at") or moment_at(found.updated_s),
                "decision_id": decision_id_of(found.span_id, Attributes(found.attributes)),
                "annotator": _annotator(found),
                "kind": "human" if found.is_by_a_person else {"LLM": "llm"}.get(found.kind, "code"),
                "label": label,
                "confidence": said.get("confidence", 1.0),
                "reasoning": explanation[:8192],
                "suggested_agent": said.get("suggested_agent") or _suggested(label, explanation),
                "reviewed": bool(said.get("reviewed", found.is_by_a_person)),
                "requires_review": bool(said.get("requires_review", False)),
                "approved_by": said.get("approved_by"),
                "decided_at": moment_at(found.span_start_s),
            },
            Annotation,
        )
    except msgspec.ValidationError as error:
        raise Unusable("invalid", f"span {found.span_id}: {error}") from None


def _annotator(found: SpanAnnotation) -> str:
    """Whose word it is: a program's key may be one person's and its labels another's, a page is the user's."""
    if found.source == "APP":
        return found.user or "phoenix"
    return found.identifier or found.user or "phoenix"


def _suggested(label: Label, explanation: str) -> str | None:
    named = _SUGGESTION.search(explanation) if label == "wrong_routing" else None
    return (named[1] or named[2]) if named else None


def label_row(annotation: Annotation, span_id: str, replaced: SpanAnnotation | None = None) -> SpanAnnotation:
    """The label as Phoenix shows it; its score is the reward that the label stands for.

    Phoenix replaces the annotator's earlier row as a whole, so what that said is kept under `supersedes`.
    """
    said: dict[str, Any] = {
        "confidence": annotation.confidence,
        "suggested_agent": annotation.suggested_agent,
        "reviewed": annotation.reviewed or annotation.kind == "human",
        "requires_review": annotation.requires_review,
        "approved_by": annotation.approved_by,
        "occurred_at": annotation.occurred_at.isoformat(),
        "supersedes": _superseded(annotation, replaced),
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


def _superseded(annotation: Annotation, replaced: SpanAnnotation | None) -> dict[str, Any] | None:
    if replaced is None:
        return None
    before = dict(replaced.metadata)
    earlier: dict[str, Any] | None = before.pop("supersedes", None)
    if before.get("occurred_at") == annotation.occurred_at.isoformat():
        # The same label, stored once more.
        return earlier
    return before | {"label": replaced.label, "explanation": replaced.explanation}
