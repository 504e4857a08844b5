"""How well spans say that a router does: accuracy, calibration, latency, and each agent's precision."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from adapters.phoenix.spans import Span
from processors.correlation import correlation
from processors.spans.attributes import AGENT, CONFIDENCE, Attributes
from processors.spans.outcome import success_of
from signalbox.errors import Unusable

RoutingOutcome = Literal["success", "failure", "ambiguous"]


@dataclass(frozen=True)
class RoutingMetrics:
    """`accuracy` and `precision` (by agent) are shares of the decisions of which it is known how they ended.

    `calibration` is the correlation of confidence and success, in [-1, 1], 0 with less than two of them;
    `latency_ms` is the mean. None where nothing is known. Recall is left out: spans don't say which agent would
    have been right.
    """

    total: int
    ambiguous: int
    accuracy: float | None
    calibration: float
    latency_ms: float | None
    precision: dict[str, float] = field(default_factory=dict)


class RoutingEvaluator:
    """Evaluates routing spans; what can't be told is counted apart and not against the router."""

    def outcome(self, span: Span) -> RoutingOutcome:
        """What came of the decision of a span."""
        attributes = Attributes(span.attributes)
        try:
            success = success_of(span, attributes)
            if success and attributes.find(AGENT, str) is None:
                return "ambiguous"
        except Unusable:
            return "ambiguous"
        return "ambiguous" if success is None else "success" if success else "failure"

    def evaluate(self, spans: Iterable[Span]) -> RoutingMetrics:
        """The metrics of all spans together."""
        everything = list(spans)
        told = [
            (each, outcome == "success")
            for each in everything
            if (outcome := self.outcome(each)) != "ambiguous"
        ]
        by_agent: dict[str, list[bool]] = defaultdict(list)
        confidences: list[tuple[float, float]] = []
        for span, success in told:
            attributes = Attributes(span.attributes)
            agent = attributes.find(AGENT, str)
            if agent is not None:
                by_agent[agent].append(success)
            confidence = _number(attributes)
            if confidence is not None:
                confidences.append((confidence, float(success)))
        return RoutingMetrics(
            total=len(everything),
            ambiguous=len(everything) - len(told),
            accuracy=_mean([success for _, success in told]),
            calibration=correlation(confidences),
            latency_ms=_mean([1000.0 * each.latency_s for each in everything]),
            precision={agent: sum(found) / len(found) for agent, found in sorted(by_agent.items())},
        )


def _number(attributes: Attributes) -> float | None:
    try:
        return attributes.find(CONFIDENCE, float)
    except Unusable:
        return None


def _mean(values: list[bool] | list[float]) -> float | None:
    return sum(values) / len(values) if values else None
