"""A label on a span, as Phoenix keeps it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from msgspec import Struct

from adapters.phoenix.spans import flat, seconds_of

NAME = "signalbox_routing"
"""The annotation's name; a person who uses it in Phoenix's pages is heard."""


class SpanAnnotation(Struct, frozen=True, kw_only=True):
    """One annotation of a span, with what is needed of the span.

    `kind` is HUMAN, LLM or CODE; `source` is APP for what was written in Phoenix's pages, also where it was
    written over somebody else's label, whose `identifier` and `metadata` then stay.
    """

    span_id: str
    identifier: str
    kind: str
    source: str = "API"
    label: str | None = None
    score: float | None = None
    explanation: str | None = None
    metadata: Mapping[str, Any] = {}
    updated_s: float = 0.0
    span_start_s: float = 0.0
    attributes: Mapping[str, Any] = {}
    user: str | None = None

    @property
    def is_by_a_person(self) -> bool:
        """Whether a person gave it."""
        return self.kind == "HUMAN" or self.source == "APP"


def annotations_in(span: Mapping[str, Any]) -> Iterator[SpanAnnotation]:
    """The labels in what GraphQL answers of a span."""
    attributes = flat(orjson.loads(span["attributes"] or "{}"))
    for each in span["spanAnnotations"]:
        if each["name"] == NAME:
            user = each.get("user") or {}
            yield SpanAnnotation(
                span_id=span["spanId"],
                identifier=each["identifier"] or "",
                kind=each["annotatorKind"],
                source=each["source"],
                label=each["label"],
                score=each["score"],
                explanation=each["explanation"],
                metadata=each["metadata"] or {},
                updated_s=seconds_of(each["updatedAt"]),
                span_start_s=seconds_of(span["startTime"]),
                attributes=attributes,
                user=user.get("username") or user.get("email"),
            )
