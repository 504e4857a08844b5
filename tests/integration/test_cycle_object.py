"""The specification's `OptimizationOrchestrator` (its test 4), with a real Phoenix."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest

from signalbox.connection import Connection
from signalbox.errors import ConfigurationError
from streams.orchestrator.orchestrator import OptimizationOrchestrator
from tests.integration.test_orchestrator import route
from tests.integration.worker_support import settings_on, until

pytestmark = pytest.mark.integration

KEYS = {
    "spans_evaluated",
    "experiences_created",
    "annotations_requested",
    "annotations_completed",
    "optimizations_triggered",
    "total_improvement",
    "started_at",
    "last_optimization",
    "uptime_seconds",
}


async def test_a_single_cycle_and_what_it_came_to(connection: Connection, tmp_path: Path, phoenix: str) -> None:
    tenant = f"t{uuid4().hex[:8]}"
    await asyncio.to_thread(route, phoenix, tenant, 20)
    settings = settings_on(connection, tmp_path, tick_s=0.3, phoenix_url=phoenix, partitions=2)
    orchestrator = OptimizationOrchestrator(
        tenant_id=tenant,
        span_eval_interval_minutes=15,
        annotation_interval_minutes=30,
        feedback_interval_minutes=15,
        settings=settings,
    )
    found = orchestrator.get_metrics()
    assert set(found) == KEYS
    assert (found["spans_evaluated"], found["last_optimization"]) == (0, None)
    results = await orchestrator.run_once()
    assert results["errors"] == {}
    assert results["span_evaluation"]["spans_processed"] == 20
    assert results["span_evaluation"]["experiences_created"] == 20
    assert results["span_evaluation"]["avg_confidence"] == pytest.approx(0.5)
    assert results["annotation_requests"] == 20
    assert results["annotations_generated"] == settings.auto_annotations
    assert results["feedback_loop"]["annotations_processed"] == settings.auto_annotations
    found = orchestrator.get_metrics()
    assert (found["spans_evaluated"], found["experiences_created"]) == (20, 20)
    assert (found["annotations_requested"], found["annotations_completed"]) == (20, settings.auto_annotations)

    again = OptimizationOrchestrator(tenant_id=tenant, settings=settings)
    started = asyncio.create_task(again.start())
    await until(lambda: again.get_metrics()["spans_evaluated"] == 20, "a restart to remember")
    results = await again.run_once()
    assert results["span_evaluation"]["spans_processed"] == 0
    assert results["annotation_requests"] == 0
    started.cancel()
    with suppress(asyncio.CancelledError):
        await started
    assert again.get_metrics()["experiences_created"] == 20


def test_a_tenant_that_no_event_could_carry_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="tenant_id"):
        OptimizationOrchestrator("No Tenant")
    with pytest.raises(ConfigurationError, match="CONFIDENCE_THRESHOLD"):
        OptimizationOrchestrator(confidence_threshold=1.5)
