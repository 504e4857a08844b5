"""The cycle that takes in what people said in Phoenix, and counts what labels came to."""

from __future__ import annotations

import logging

from adapters.phoenix.annotations import PhoenixAnnotations
from adapters.phoenix.connection import Phoenix
from processors.cycles.order import Order
from processors.cycles.records import CycleReport
from processors.identity import decision_hash
from processors.spans import annotation_of
from signalbox.errors import Unusable
from signalbox.events import Annotation, epoch_s
from streams.orchestrator.threads import in_thread
from streams.orchestrator.tools import Tools, report_of

log = logging.getLogger(__name__)


async def collect_labels(tools: Tools, order: Order) -> CycleReport:
    """People's labels in Phoenix become `annotation` events; all that came since the last time is counted."""
    found: list[Annotation] = []
    phoenix, watermark_s = tools.phoenix, order.memory.annotated_s
    triggered = _triggered(tools, order)
    if phoenix is not None:
        told, problems, watermark_s = await in_thread(lambda: _read(tools, phoenix, order))
        found = _new(tools, order, told)
        for problem in problems:
            log.warning("ignored: %s", problem, extra={"tenant": order.tenant_id})
        await tools.until_applied(await tools.publishing.events(found))
    partition = tools.partition(order.tenant_key)
    known = partition.tenants().get(order.tenant_key) if partition else None
    counted = known or order.memory
    return report_of(
        order,
        numbers={
            "annotations_found": float(len(found)),
            "annotations_published": float(len(found)),
            "annotations_processed": float(counted.labels_processed),
            "experiences_updated": float(counted.experiences_updated),
            "experiences_created": 0.0,
            "optimizer_updated": float(_triggered(tools, order) > triggered),
        },
        watermark_s=watermark_s,
    )


def _read(
    tools: Tools, phoenix: Phoenix, order: Order
) -> tuple[list[Annotation], list[Unusable], float | None]:
    project = tools.project(order.tenant_id)
    rows, watermark_s = PhoenixAnnotations(phoenix).since(project, order.memory.annotated_s)
    annotations, problems = [], []
    for row in rows:
        try:
            annotations.append(annotation_of(row, order.tenant_id))
        except Unusable as problem:
            problems.append(problem)
    return annotations, problems, watermark_s


def _new(tools: Tools, order: Order, told: list[Annotation]) -> list[Annotation]:
    """Those that the partition doesn't know yet; the newest of them are read again and again."""
    partition = tools.partition(order.tenant_key)
    if partition is None or not told:
        return told
    known = {(row.decision, row.annotator): row.occurred_s for row in partition.labels.of(order.tenant_key)}
    return [
        each
        for each in told
        if epoch_s(each.occurred_at)
        > known.get((decision_hash(each.tenant_id, each.decision_id), each.annotator), 0.0)
    ]


def _triggered(tools: Tools, order: Order) -> int:
    partition = tools.partition(order.tenant_key)
    known = partition.tenants().get(order.tenant_key) if partition else None
    return known.totals.optimizations_triggered if known else 0
