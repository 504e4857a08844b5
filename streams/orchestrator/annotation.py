"""The cycle that asks for labels, and has the most urgent ones given by the language model."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from adapters.language_model import MeteredModel, connect
from adapters.phoenix.annotations import PhoenixAnnotations
from adapters.phoenix.projects import PhoenixProjects
from processors.annotation import (
    AnnotationAgent,
    AnnotationPolicy,
    AnnotationStorage,
    AutoLabels,
    LLMAutoAnnotator,
)
from processors.cycles.order import Order
from processors.cycles.records import CycleReport
from processors.identity import decision_hash
from signalbox.events import Annotation, AnnotationRequest
from streams.language_model import language_model_configuration
from streams.orchestrator.threads import in_thread
from streams.orchestrator.tools import Tools, report_of

log = logging.getLogger(__name__)


async def ask_for_labels(tools: Tools, order: Order) -> CycleReport:
    """The newest experiences that deserve it get an `annotation-request`; the most urgent a label at once."""
    settings, memory = tools.settings, order.memory
    newest = await tools.reader.experiences(order.tenant_id, memory.examined_end, settings.annotation_scan)
    agent = AnnotationAgent(AnnotationPolicy(settings.confidence_threshold, settings.annotation_budget))
    selection = await in_thread(
        lambda: agent.select(
            newest.experiences,
            requested=memory.requested,
            labelled=memory.labelled,
            now_s=order.at_s,
        )
    )
    requests, labels, unknown = selection.requests, AutoLabels(), 0
    urgent = requests[: settings.auto_annotations]
    if urgent:
        # What can be wrong with model and server is found out before anybody is asked for anything.
        model = await in_thread(lambda: _model(tools))
        await in_thread(lambda: _check_phoenix(tools, urgent))
    await tools.publishing.events(requests)
    if urgent:
        labels = await _label(tools, model, urgent, order.at_s)
        unknown = await in_thread(lambda: _store(tools, order.tenant_id, urgent, labels.annotations))
        await tools.until_applied(await tools.publishing.events(labels.annotations))
    for decision_id, reason in labels.failures:
        log.warning("no label on %s: %s", decision_id, reason, extra={"tenant": order.tenant_id})
    return report_of(
        order,
        numbers={
            "annotation_requests": float(len(requests)),
            "annotations_generated": float(len(labels.annotations)),
            "annotation_failures": float(len(labels.failures)),
            "unknown_spans": float(unknown),
            "examined": float(selection.examined),
            "skipped": float(newest.skipped),
        },
        requested=tuple(decision_hash(each.tenant_id, each.decision_id) for each in requests),
        examined_end=newest.end,
    )


def _model(tools: Tools) -> MeteredModel:
    return connect(language_model_configuration(tools.settings), is_cancelled=tools.stopping.is_set)


def _check_phoenix(tools: Tools, requests: Sequence[AnnotationRequest]) -> None:
    """Raise `PhoenixUnavailable` where labels are to be stored and can't be."""
    if tools.phoenix is not None and any(each.span_id for each in requests):
        PhoenixProjects(tools.phoenix).node(tools.project(requests[0].tenant_id))


async def _label(
    tools: Tools, model: MeteredModel, requests: Sequence[AnnotationRequest], now_s: float
) -> AutoLabels:
    tenant_id = requests[0].tenant_id
    cards, shown = await tools.reader.cards(tenant_id), await tools.reader.shown(tenant_id)
    annotator = LLMAutoAnnotator(
        model.lm, model.name, concurrency=tools.settings.language_model_concurrency, batch=len(requests)
    )
    return await in_thread(lambda: annotator.annotate(requests, now_s, demos=shown, cards=cards))


def _store(
    tools: Tools, tenant_id: str, requests: Sequence[AnnotationRequest], labels: Sequence[Annotation]
) -> int:
    """Put labels beside their spans; how many spans Phoenix doesn't know."""
    spans = {each.decision_id: each.span_id for each in requests}
    placed = [(each, span_id) for each in labels if (span_id := spans.get(each.decision_id))]
    if tools.phoenix is None or not placed:
        return 0
    storage = AnnotationStorage(PhoenixAnnotations(tools.phoenix), tenant_id, tools.project(tenant_id))
    return len(storage.put(placed))
