"""Labels where people see them (the specification's AnnotationStorage): in Phoenix, beside their spans."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Protocol

from msgspec.structs import replace

from adapters.phoenix.annotations import SpanAnnotation
from processors.spans.labels import annotation_of, label_row
from signalbox.errors import Unusable
from signalbox.events import Annotation


class Store(Protocol):
    """Where annotations of spans are kept: `adapters.phoenix.PhoenixAnnotations`, or a list in a test."""

    def store(self, annotations: Sequence[SpanAnnotation]) -> list[str]:
        """Store annotations; the ids of spans that are not known there."""

    def read(self, project: str) -> Iterable[SpanAnnotation]:
        """Every annotation in a project."""


class AnnotationStorage:
    """The labels of one tenant's project. A later label of the same annotator supersedes the earlier one."""

    def __init__(self, store: Store, tenant_id: str, project: str) -> None:
        self._store = store
        self._tenant_id = tenant_id
        self._project = project

    def put(self, labels: Iterable[tuple[Annotation, str]]) -> list[str]:
        """Store labels with the ids of their spans; the ids of spans that Phoenix doesn't know."""
        return self._store.store([label_row(annotation, span_id) for annotation, span_id in labels])

    def labels(self) -> Iterator[Annotation]:
        """Every label that can be read; `signalbox_routing` rows that say something else are left out."""
        for row in self._store.read(self._project):
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
