"""Labels where people see them (the specification's AnnotationStorage): in Phoenix, beside their spans."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Protocol

from msgspec.structs import replace

from adapters.phoenix.span_annotation import SpanAnnotation
from processors.spans.labels import annotation_of, label_row
from signalbox.errors import Unusable
from signalbox.events import Annotation


class Store(Protocol):
    """Where annotations of spans are kept: `adapters.phoenix.PhoenixAnnotations`, or a list in a test."""

    def store(self, annotations: Sequence[SpanAnnotation]) -> list[str]:
        """Store annotations; the ids of spans that are not known there."""

    def read(self, project: str, span_ids: Collection[str] | None = None) -> Iterable[SpanAnnotation]:
        """Every annotation in a project, or on these spans of it."""


class AnnotationStorage:
    """The labels of one tenant's project. A later label of the same annotator supersedes the earlier one."""

    def __init__(self, store: Store, tenant_id: str, project: str) -> None:
        self._store = store
        self._tenant_id = tenant_id
        self._project = project

    def put(self, labels: Iterable[tuple[Annotation, str]]) -> list[str]:
        """Store labels with the ids of their spans; the ids of spans that Phoenix doesn't know.

        What a label replaces is kept in it. One that a person has changed in Phoenix's pages is that person's
        from then on, and a model's doesn't replace it.
        """
        given = list(labels)
        found = self._store.read(self._project, {span_id for _, span_id in given})
        known = {(row.span_id, row.identifier): row for row in found}
        rows = []
        for annotation, span_id in given:
            replaced = known.get((span_id, annotation.annotator))
            if annotation.kind == "human" or not (replaced and replaced.is_by_a_person):
                rows.append(label_row(annotation, span_id, replaced))
        return self._store.store(rows)

    def approve(self, span_id: str, annotator: str, by: str, at: datetime) -> Annotation | None:
        """Approve an annotator's label on a span; the approved one, or None where there is none to approve."""
        for label in self.labels([span_id]):
            if label.annotator == annotator:
                told = approved(label, by, at)
                self.put([(told, span_id)])
                return told
        return None

    def labels(self, span_ids: Collection[str] | None = None) -> Iterator[Annotation]:
        """The labels, of these spans if any are named; rows that say something else are left out."""
        for row in self._store.read(self._project, span_ids):
            try:
                yield annotation_of(row, self._tenant_id)
            except Unusable:
                continue

    def statistics(self) -> dict[str, Any]:
        """How many labels there are, by label and by kind, and how many a person gave or approved."""
        labels = list(self.labels())
        return {
            "total": len(labels),
            "by_label": dict(Counter(each.label for each in labels)),
            "by_kind": dict(Counter(each.kind for each in labels)),
            "reviewed": sum(each.reviewed or each.kind == "human" for each in labels),
        }


def approved(annotation: Annotation, by: str, at: datetime) -> Annotation:
    """The label once more, with its approval: all that it said is kept."""
    return replace(annotation, occurred_at=at, reviewed=True, requires_review=False, approved_by=by)
