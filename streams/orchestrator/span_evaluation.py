"""The cycle that makes decisions of a tenant's spans."""

from __future__ import annotations

import logging
import time

from adapters.phoenix.connection import Phoenix
from adapters.phoenix.spans import PhoenixSpans, Span
from processors.cycles.order import Order
from processors.cycles.records import CycleReport
from processors.spans import PhoenixSpanEvaluator, SpanEvaluation
from processors.spans.window import window_start
from signalbox.errors import Retry
from signalbox.topics import stable_hash
from streams.orchestrator.threads import in_thread
from streams.orchestrator.tools import Tools, report_of

log = logging.getLogger(__name__)

MOST_SPANS = 10_000
"""So many new spans are taken in one cycle: their hashes fit into its report. The next follows at once."""


async def evaluate_spans(tools: Tools, order: Order) -> CycleReport:
    """New spans since the watermark, and those that came late, become `routing-decision` events."""
    phoenix = tools.phoenix
    if phoenix is None:
        return report_of(order)
    # The time may be an asker's, whose clock may be ahead of ours.
    end_s = min(order.at_s, time.time())
    spans, more = await in_thread(lambda: _read(tools, phoenix, order, end_s))
    found = await in_thread(lambda: _evaluate(tools, order, spans))
    for problem in found.problems:
        log.warning("ignored: %s", problem, extra={"tenant": order.tenant_id})
    await tools.until_applied(await tools.publishing.events(found.decisions))
    return report_of(
        order,
        numbers=found.numbers,
        agents=found.agents,
        spans=tuple(found.spans),
        watermark_s=spans[-1].start_s if more else end_s,
        more=more,
    )


def _read(tools: Tools, phoenix: Phoenix, order: Order, end_s: float) -> tuple[list[Span], bool]:
    """The new spans, oldest first, and whether there are more of them."""
    settings, memory = tools.settings, order.memory
    since_s = window_start(
        memory.watermark_s, end_s, lookback_s=settings.span_lookback_s, overlap_s=settings.span_overlap_s
    )
    spans: list[Span] = []
    for page in PhoenixSpans(phoenix).read(tools.project(order.tenant_id), settings.span_names, since_s, end_s):
        if tools.stopping.is_set():
            raise Retry("the worker stops")
        spans += [span for span in page if stable_hash(span.span_id) not in memory.spans]
        if len(spans) >= MOST_SPANS:
            return spans, True
    return spans, False


def _evaluate(tools: Tools, order: Order, spans: list[Span]) -> SpanEvaluation:
    partition = tools.partition(order.tenant_key)
    is_known = partition.join.seen.contains if partition else lambda *_: False
    evaluator = PhoenixSpanEvaluator(order.tenant_id, tools.settings.span_names)
    return evaluator.evaluate(spans, order.memory.spans, is_known)
