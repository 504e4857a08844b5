"""The labels that a person's keys stand for."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec.structs import replace

from processors.annotation.storage import approved
from signalbox.events import Annotation, AnnotationRequest
from signalbox.events.annotation import Label

TAKEN_BACK = "taken back"


def label_on(
    request: AnnotationRequest,
    label: Label,
    name: str,
    at: datetime,
    *,
    earlier: Annotation | None = None,
    suggested_agent: str | None = None,
    reasoning: str = "",
) -> Annotation:
    """A person's label on the decision of a request; it takes the place of that person's `earlier` one."""
    return Annotation(
        tenant_id=request.tenant_id,
        occurred_at=_after(earlier, at),
        decision_id=request.decision_id,
        annotator=name,
        kind="human",
        label=label,
        reasoning=reasoning,
        suggested_agent=suggested_agent,
        reviewed=True,
        decided_at=request.decided_at,
    )


def approval_of(label: Annotation, name: str, at: datetime) -> Annotation:
    """A model's label once more, under its own name, with who approved it."""
    return approved(label, name, _after(label, at))


def undoing(label: Annotation, earlier: Annotation | None, at: datetime) -> Annotation:
    """What takes a label back: its annotator's earlier one, or else one that says nothing and asks for another.

    A published label can't be deleted, only replaced.
    """
    occurred_at = _after(label, at)
    if earlier is not None:
        return replace(earlier, occurred_at=occurred_at)
    return replace(
        label,
        occurred_at=occurred_at,
        label="insufficient_info",
        suggested_agent=None,
        reasoning=TAKEN_BACK,
        reviewed=False,
        requires_review=True,
    )


def _after(earlier: Annotation | None, at: datetime) -> datetime:
    """The newest label counts, so a later one must be newer also where the clocks of two machines differ."""
    return at if earlier is None else max(at, earlier.occurred_at + timedelta(microseconds=1))
