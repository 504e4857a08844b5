"""What a span's attributes say, under whichever of their names it uses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar, get_origin

import msgspec

from processors.spans.nesting import below
from signalbox.errors import Unusable

T = TypeVar("T")

# The specification's names, those of its predecessor's later versions, OpenInference's, and our own.
QUERY = ("routing.query", "gateway.query", "orchestration.query", "query", "input.value")
AGENT = (
    "routing.chosen_agent",
    "routing.selected_agent",
    "routing.recommended_agent",
    "gateway.routed_to",
    "chosen_agent",
)
CONFIDENCE = ("routing.confidence", "gateway.confidence", "confidence")
MODALITY = ("routing.modality", "gateway.modality", "routing.detected_modalities", "query.modality_intent")
DECISION_ID = ("routing.decision_id", "decision.id", "decision_id")
CANDIDATES = ("routing.candidate_agents", "candidate_agents")
PROBABILITIES = ("routing.probabilities",)
PROPENSITY = ("routing.propensity",)
CONTEXT = ("routing.context", "context")
ENHANCED = ("routing.enhanced_query", "query_enhancement.enhanced_query")
RESULTS = ("agent.result_count", "output.result_count", "routing.result_count")
SUCCESS = ("outcome.success", "agent.success")
QUALITY = ("outcome.search_quality", "routing.search_quality")
SATISFACTION = ("outcome.user_satisfaction", "routing.user_satisfaction")
TIME_MS = ("routing.processing_time", "agent.processing_time_ms")
COST = ("outcome.cost", "agent.cost")
HTTP_STATUS = ("http.status_code", "http.response.status_code")
ERROR = ("error.type", "exception.type", "routing.error")


class Missing(Unusable):
    """A span lacks what makes it tell of a decision."""


class Attributes:
    """The attributes of one span; what has the wrong type is refused with its name and value."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def find(self, names: tuple[str, ...], kind: type[T]) -> T | None:
        """The first of `names` that has a value, as `kind`; raises `Unusable`.

        Lists and objects may be JSON text or in parts, because OpenTelemetry has no nested attributes, and
        numbers may be text, because some exporters write all values so.
        """
        for name in names:
            value = self._values.get(name)
            if value is None and get_origin(kind) in (dict, list):
                value = below(self._values, name)
            if value is not None and value != "":
                return _as(kind, name, value)
        return None

    def require(self, names: tuple[str, ...], kind: type[T]) -> T:
        """The same; raises `Missing` where there is none."""
        found = self.find(names, kind)
        if found is None:
            raise Missing("invalid", f"{names[0]}: missing")
        return found


def _as(kind: type[T], name: str, value: Any) -> T:
    try:
        if kind is not str and isinstance(value, str) and value[:1] in "[{":
            value = json.loads(value)
        return msgspec.convert(value, kind, strict=kind is str)
    except (ValueError, RecursionError, msgspec.ValidationError) as error:
        raise Unusable("invalid", f"{name}: {error}; got {value!r:.80}") from None
