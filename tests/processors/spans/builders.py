"""Spans for tests; times are seconds after noon."""

from typing import Any

from adapters.phoenix.spans import Span
from tests.processors.builders import NOON

NAMES = ("signalbox.routing", "cogniverse.routing", "cogniverse.gateway")


def span(span_id: str = "00000000000000aa", at: float = 0.0, took_s: float = 0.5, **fields: Any) -> Span:
    """A routing span of half a second, with what it needs; `attributes` are put over these."""
    attributes = {
        "routing.query": "find the lighthouse",
        "routing.chosen_agent": "video",
        "routing.confidence": 0.8,
    } | fields.pop("attributes", {})
    given: dict[str, Any] = {"name": "signalbox.routing", "trace_id": "0" * 32, "status": "OK"}
    return Span(
        span_id=span_id,
        start_s=NOON + at,
        end_s=NOON + at + took_s,
        attributes={name: value for name, value in attributes.items() if value is not None},
        **(given | fields),
    )
