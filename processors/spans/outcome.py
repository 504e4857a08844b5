"""What a span tells of how its decision turned out."""

from __future__ import annotations

from adapters.phoenix.spans import Span
from processors.spans.attributes import (
    COST,
    ERROR,
    HTTP_STATUS,
    QUALITY,
    RESULTS,
    SATISFACTION,
    SUCCESS,
    TIME_MS,
    Attributes,
)
from signalbox.events import Signals

_USUAL, _FAILED = 0.5, 0.1
_LONGEST_ERROR = 256
_MANY_RESULTS = 5


def signals_of(span: Span, attributes: Attributes) -> Signals:
    """The outcome; explicit attributes count before what status, latency and results let one guess.

    Times are seconds: the span's own, or attributes in milliseconds. A status that nobody set says nothing.
    Raises `Unusable` for an attribute of the wrong type.
    """
    results = attributes.find(RESULTS, int)
    time_ms = attributes.find(TIME_MS, float)
    time_s = span.latency_s if time_ms is None else time_ms / 1000.0
    success = success_of(span, attributes)
    stated = attributes.find(QUALITY, float)
    failed = span.status_message if span.status == "ERROR" else None
    return Signals(
        search_quality=quality_of(span, time_s, results) if stated is None else stated,
        agent_success=success,
        user_satisfaction=attributes.find(SATISFACTION, float),
        processing_time_s=time_s,
        cost=attributes.find(COST, float),
        result_count=results,
        error_class=(attributes.find(ERROR, str) or failed or "")[:_LONGEST_ERROR] or None,
    )


def success_of(span: Span, attributes: Attributes) -> bool | None:
    """Whether the agent did what it was asked; None where nothing says so."""
    if span.status == "ERROR":
        return False
    stated = attributes.find(SUCCESS, bool)
    if stated is not None:
        return stated
    http = attributes.find(HTTP_STATUS, int)
    if http is not None and not 300 <= http < 400:
        return 200 <= http < 300
    return True if span.status == "OK" else None


def quality_of(span: Span, time_s: float, results: int | None) -> float:
    """The specification's guess: .5; .2 for OK; .2 for under 1 s or .1 under 5; .1 for any results, .1 for 5.

    A failed span is worth .1, whatever it returned.
    """
    if span.status == "ERROR":
        return _FAILED
    quality = _USUAL + (0.2 if span.status == "OK" else 0.0)
    quality += 0.2 if time_s < 1.0 else 0.1 if time_s < 5.0 else 0.0
    quality += 0.1 * bool(results) + 0.1 * ((results or 0) >= _MANY_RESULTS)
    return min(round(quality, 6), 1.0)
