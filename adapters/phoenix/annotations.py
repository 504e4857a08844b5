"""Labels as span annotations in Phoenix: stored for people to see, and read back when people made them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
from msgspec import Struct

from adapters.phoenix.connection import Phoenix, PhoenixUnavailable
from adapters.phoenix.projects import PhoenixProjects
from adapters.phoenix.spans import flat, seconds_of

NAME = "signalbox_routing"
"""The annotation's name; a person who uses it in Phoenix's pages is heard."""
_LABELLED = f"annotations['{NAME}'].label is not None"
# The REST interface gives annotations of named spans only. This asks for all spans that have one, however old:
# as many rows as there are labels, not as there are spans.
_QUERY = """query ($project: ID!, $condition: String, $after: String) {
  node(id: $project) { ... on Project {
    spans(first: 100, after: $after, filterCondition: $condition) {
      edges { node { spanId startTime attributes spanAnnotations {
        name annotatorKind label score explanation metadata identifier updatedAt user { username email }
      } } }
      pageInfo { hasNextPage endCursor }
    }
  } }
}"""


class SpanAnnotation(Struct, frozen=True, kw_only=True):
    """One annotation of a span, with what is needed of the span; `kind` is HUMAN, LLM or CODE."""

    span_id: str
    identifier: str
    kind: str
    label: str | None = None
    score: float | None = None
    explanation: str | None = None
    metadata: Mapping[str, Any] = {}
    updated_s: float = 0.0
    span_start_s: float = 0.0
    attributes: Mapping[str, Any] = {}
    user: str | None = None


class PhoenixAnnotations:
    """The annotations named `signalbox_routing` of a server's projects."""

    def __init__(self, phoenix: Phoenix) -> None:
        self._phoenix = phoenix
        self._projects = PhoenixProjects(phoenix)

    def store(self, annotations: Sequence[SpanAnnotation]) -> list[str]:
        """Store labels, one an annotator and span; the ids of spans that Phoenix doesn't know.

        A later one of the same annotator replaces the whole earlier row. Raises `PhoenixUnavailable`.
        """
        if not annotations or self._post(annotations):
            return []
        # One unknown span spoils a whole request, and the answer doesn't name it in a form to rely on.
        return [each.span_id for each in annotations if not self._post([each])]

    def read(self, project: str) -> Iterator[SpanAnnotation]:
        """Every label in the project, whoever made it and however old its span."""
        node = self._projects.node(project)
        after: str | None = None
        while node is not None:
            variables = {"project": node, "condition": _LABELLED, "after": after}
            answer = self._phoenix.post("/graphql", {"query": _QUERY, "variables": variables}) or {}
            self._refuse_errors(answer)
            spans = answer["data"]["node"]["spans"]
            for edge in spans["edges"]:
                yield from _annotations(edge["node"])
            if not spans["pageInfo"]["hasNextPage"]:
                return
            after = spans["pageInfo"]["endCursor"]

    def since(self, project: str, watermark_s: float | None) -> tuple[list[SpanAnnotation], float | None]:
        """What people labelled from `watermark_s` on, oldest first, and the new watermark.

        Phoenix's stamps are whole seconds, so those of the watermark's own second come again.
        """
        people = [each for each in self.read(project) if each.kind == "HUMAN" and each.label]
        new = [each for each in people if watermark_s is None or each.updated_s >= watermark_s]
        newest = max((each.updated_s for each in new), default=watermark_s)
        return sorted(new, key=lambda each: (each.updated_s, each.span_id, each.identifier)), newest

    def _post(self, annotations: Sequence[SpanAnnotation]) -> bool:
        rows = [
            {
                "span_id": each.span_id,
                "name": NAME,
                "annotator_kind": each.kind,
                "identifier": each.identifier,
                "result": {"label": each.label, "score": each.score, "explanation": each.explanation},
                "metadata": dict(each.metadata),
            }
            for each in annotations
        ]
        return self._phoenix.post("/v1/span_annotations?sync=true", {"data": rows}) is not None

    def _refuse_errors(self, answer: Mapping[str, Any]) -> None:
        if answer.get("errors") or not (answer.get("data") or {}).get("node"):
            raise PhoenixUnavailable(f"Phoenix at {self._phoenix.url}: {answer.get('errors')}"[:300])


def _annotations(span: Mapping[str, Any]) -> Iterator[SpanAnnotation]:
    attributes = flat(orjson.loads(span["attributes"] or "{}"))
    for each in span["spanAnnotations"]:
        if each["name"] == NAME:
            user = each.get("user") or {}
            yield SpanAnnotation(
                span_id=span["spanId"],
                identifier=each["identifier"] or "",
                kind=each["annotatorKind"],
                label=each["label"],
                score=each["score"],
                explanation=each["explanation"],
                metadata=each["metadata"] or {},
                updated_s=seconds_of(each["updatedAt"]),
                span_start_s=seconds_of(span["startTime"]),
                attributes=attributes,
                user=user.get("username") or user.get("email"),
            )
