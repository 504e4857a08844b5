"""How well spans say that a router does: accuracy, calibration, latency, and each agent's precision."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from adapters.phoenix.spans import Span
from processors.correlation import correlation
from processors.spans.attributes import AGENT, CONFIDENCE, Attributes
from processors.spans.outcome import success_of
from signalbox.errors import Unusable

T = TypeVar("T")
RoutingOutcome = Literal["success", "failure", "ambiguous"]


@dataclass(frozen=True)
class RoutingMetrics:
    """`accuracy` and `precision` (by agent) are shares of the decisions of which it is known how they ended.

    Those of which it isn't are `ambiguous` and count neither way. `calibration` is the correlation of
    confidence and success, in [-1, 1], 0 with less than two of them; `latency_ms` is the mean of all. None
    where nothing is known. `recall` and `f1` need labels, and are of the agents that these name: spans alone
    don't say where an agent was needed and not chosen.
    """

    total: int
    ambiguous: int
    accuracy: float | None
    calibration: float
    latency_ms: float | None
    precision: dict[str, float] = field(default_factory=dict)
    recall: dict[str, float] = field(default_factory=dict)
    f1: dict[str, float] = field(default_factory=dict)


class RoutingEvaluator:
    """Evaluates routing spans; what can't be told is counted apart and not against the router.

    A span without a parent is no worse than another: routers that are called directly have none.
    """

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

    def evaluate(self, spans: Iterable[Span], right: Mapping[str, str] | None = None) -> RoutingMetrics:
        """The metrics of all spans together; `right` is the right agent by span id, as labels have it."""
        everything = list(spans)
        told = [
            (each, outcome == "success")
            for each in everything
            if (outcome := self.outcome(each)) != "ambiguous"
        ]
        by_agent: dict[str, list[bool]] = defaultdict(list)
        confidences: list[tuple[float, float]] = []
        for span, success in told:
            agent, confidence = _read(span, AGENT, str), _read(span, CONFIDENCE, float)
            if agent is not None:
                by_agent[agent].append(success)
            if confidence is not None:
                confidences.append((confidence, float(success)))
        precision = {agent: sum(found) / len(found) for agent, found in sorted(by_agent.items())}
        recall = _recall(everything, right or {})
        return RoutingMetrics(
            total=len(everything),
            ambiguous=len(everything) - len(told),
            accuracy=_mean([success for _, success in told]),
            calibration=correlation(confidences),
            latency_ms=_mean([1000.0 * each.latency_s for each in everything]),
            precision=precision,
            recall=recall,
            f1={agent: _f1(precision.get(agent, 0.0), found) for agent, found in recall.items()},
        )


def _recall(spans: Iterable[Span], right: Mapping[str, str]) -> dict[str, float]:
    """Of the decisions for which an agent was the right one, the share in which it was chosen."""
    chosen: dict[str, list[bool]] = defaultdict(list)
    for span in spans:
        if span.span_id in right:
            agent = right[span.span_id]
            chosen[agent].append(_read(span, AGENT, str) == agent)
    return {agent: sum(found) / len(found) for agent, found in sorted(chosen.items())}


def _f1(precision: float, recall: float) -> float:
    return 2.0 * precision * recall / (precision + recall) if precision + recall else 0.0


def _read(span: Span, names: tuple[str, ...], kind: type[T]) -> T | None:
    try:
        return Attributes(span.attributes).find(names, kind)
    except Unusable:
        return None


def _mean(values: list[bool] | list[float]) -> float | None:
    return sum(values) / len(values) if values else None
