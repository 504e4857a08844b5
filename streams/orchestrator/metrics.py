"""The cycle that measures a tenant's newest experiences."""

from __future__ import annotations

from processors.cycles.measure import measures
from processors.cycles.order import Order
from processors.cycles.records import CycleReport
from streams.orchestrator.threads import in_thread
from streams.orchestrator.tools import Tools, report_of

MEASURED = 5_000
"""Newest records that are looked at."""


async def measure(tools: Tools, order: Order) -> CycleReport:
    """The specification's metrics by scope."""
    newest = await tools.reader.experiences(order.tenant_id, 0, MEASURED)
    return report_of(order, scopes=await in_thread(lambda: measures(newest.experiences)))
