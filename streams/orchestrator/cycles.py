"""The four cycles: each reads what lies outside, publishes events, and reports."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from processors.cycles.order import Order
from processors.cycles.records import Cycle, CycleReport
from streams.orchestrator.annotation import ask_for_labels
from streams.orchestrator.feedback import collect_labels
from streams.orchestrator.metrics import measure
from streams.orchestrator.span_evaluation import evaluate_spans
from streams.orchestrator.tools import Tools

WORK: Mapping[Cycle, Callable[[Tools, Order], Awaitable[CycleReport]]] = {
    "span_evaluation": evaluate_spans,
    "annotation": ask_for_labels,
    "feedback": collect_labels,
    "metrics": measure,
}
