"""Labels as span annotations in Phoenix: stored for people to see, and read back when people made them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from adapters.phoenix.connection import Phoenix, PhoenixUnavailable
from adapters.phoenix.projects import PhoenixProjects
from adapters.phoenix.span_annotation import NAME, SpanAnnotation, annotations_in

SETTLED_S = 300.0
"""A label that becomes visible later than this after its own stamp is missed; it also covers a long reading."""
_SPAN_ID = re.compile("[0-9a-f]{16}")
_LABELLED = f"annotations['{NAME}'].label is not None"
# The REST interface gives annotations of named spans only. This asks for all spans that have one, however old:
# as many rows as there are labels, not as there are spans.
_QUERY = """query ($project: ID!, $condition: String, $after: String) {
  node(id: $project) { ... on Project {
    spans(first: 100, after: $after, filterCondition: $condition) {
      edges { node { spanId startTime attributes spanAnnotations {
        name annotatorKind label score explanation metadata identifier source updatedAt
        user { username email }
      } } }
      pageInfo { hasNextPage endCursor }
    }
  } }
}"""


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

    def read(self, project: str, span_ids: Collection[str] | None = None) -> Iterator[SpanAnnotation]:
        """Every label in the project, or on these spans of it, whoever made it and however old its span."""
        condition = _LABELLED
        if span_ids is not None:
            # What isn't hexadecimal is no span's id, and would only trouble the server's parser.
            known = sorted(each for each in span_ids if _SPAN_ID.fullmatch(each))
            if not known:
                return
            condition += f" and span_id in {known!r}"
        node = self._projects.node(project)
        after: str | None = None
        while node is not None:
            variables = {"project": node, "condition": condition, "after": after}
            answer = self._phoenix.post("/graphql", {"query": _QUERY, "variables": variables}) or {}
            self._refuse_errors(answer)
            spans = answer["data"]["node"]["spans"]
            for edge in spans["edges"]:
                yield from annotations_in(edge["node"])
            if not spans["pageInfo"]["hasNextPage"]:
                return
            after = spans["pageInfo"]["endCursor"]

    def since(self, project: str, watermark_s: float | None) -> tuple[list[SpanAnnotation], float | None]:
        """What people labelled from `watermark_s` on, oldest first, and the new watermark.

        The watermark is the server's time at the start less `SETTLED_S`: a label given to a span that this
        reading has passed is newer, and so comes the next time, as some do that have come before. A server
        that tells no time leaves the watermark where it was. All labels are read: about 1 ms each.
        """
        now_s = self._phoenix.now_s()
        people = [each for each in self.read(project) if each.is_by_a_person and each.label]
        new = [each for each in people if watermark_s is None or each.updated_s >= watermark_s]
        new.sort(key=lambda each: (each.updated_s, each.span_id, each.identifier))
        if now_s is not None:
            watermark_s = max(now_s - SETTLED_S, watermark_s or 0.0)
        return new, watermark_s

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
