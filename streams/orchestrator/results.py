"""What a single cycle came to, from the reports of its parts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from processors.cycles.records import CycleReport

MEANS = frozenset(("avg_confidence", "success_rate"))


def merged(reports: Sequence[CycleReport]) -> CycleReport:
    """Several reports of a cycle as one: the last with what all came to, means weighted by the spans."""
    last = reports[-1]
    if last.error is not None or len(reports) == 1:
        return last
    numbers: dict[str, float] = defaultdict(float)
    agents, spans = Counter[str](), 0.0
    for each in reports:
        spans += (weight := each.numbers.get("spans_processed", 0.0))
        agents.update(each.agents)
        for name, value in each.numbers.items():
            numbers[name] += value * weight if name in MEANS else value
    for name in MEANS & numbers.keys():
        numbers[name] /= max(spans, 1.0)
    return replace(last, numbers={**numbers}, agents=dict(sorted(agents.items())))


def results_of(reports: Sequence[CycleReport]) -> dict[str, Any]:
    """The specification's result of a single cycle, from the three reports of it."""
    spans, annotation, feedback = reports
    return {
        "span_evaluation": {
            **_counts(spans, "spans_processed", "experiences_created", "ignored", "errors"),
            "avg_confidence": round(spans.numbers.get("avg_confidence", 0.0), 6),
            "success_rate": round(spans.numbers.get("success_rate", 0.0), 6),
            "agent_distribution": spans.agents,
        },
        **_counts(annotation, "annotation_requests", "annotations_generated", "annotation_failures"),
        "feedback_loop": {
            **_counts(
                feedback,
                "annotations_found",
                "annotations_processed",
                "experiences_created",
                "experiences_updated",
            ),
            "optimizer_updated": bool(feedback.numbers.get("optimizer_updated", 0.0)),
        },
        "errors": {each.cycle: each.error for each in reports if each.error is not None},
    }


def _counts(report: CycleReport, *names: str) -> dict[str, int]:
    return {name: int(report.numbers.get(name, 0)) for name in names}
