"""What waits for a label: in which order, and what has become of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from models.labels import newest_annotations
from processors.annotation.priority import RANK
from signalbox.events import Annotation, AnnotationRequest, epoch_s

Status = Literal["pending", "completed", "expired"]


@dataclass(frozen=True)
class Waiting:
    """A request with the labels that its decision has so far, the weightiest first."""

    request: AnnotationRequest
    labels: tuple[Annotation, ...]
    status: Status


def status_of(request: AnnotationRequest, labels: Sequence[Annotation], now_s: float) -> Status:
    """Completed once a person has said or approved something; expired where nobody did by the deadline.

    A person's label that requires a review was taken back: somebody is to say something still.
    """
    if any(each.reviewed or (each.kind == "human" and not each.requires_review) for each in labels):
        return "completed"
    return "expired" if epoch_s(request.due_at) <= now_s else "pending"


def ordered(
    requests: Iterable[AnnotationRequest], annotations: Iterable[Annotation], now_s: float
) -> list[Waiting]:
    """Every request once, its newest version: by priority, then deadline, then what a label would teach."""
    newest = {each.decision_id: each for each in sorted(requests, key=lambda each: each.occurred_at)}
    labels = newest_annotations(annotations)
    found = [
        Waiting(each, known, status_of(each, known, now_s))
        for each in newest.values()
        for known in [tuple(labels.get(each.decision_id, ()))]
    ]
    return sorted(
        found,
        key=lambda each: (
            RANK[each.request.priority],
            each.request.due_at,
            -each.request.value,
            each.request.decision_id,
        ),
    )
