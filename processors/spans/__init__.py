"""Telemetry as events: spans of routing decisions, and the labels that people put on them."""

from processors.spans.evaluator import PhoenixSpanEvaluator, SpanEvaluation
from processors.spans.labels import annotation_of, label_row
from processors.spans.routing_evaluator import RoutingEvaluator, RoutingMetrics

__all__ = [
    "PhoenixSpanEvaluator",
    "RoutingEvaluator",
    "RoutingMetrics",
    "SpanEvaluation",
    "annotation_of",
    "label_row",
]
