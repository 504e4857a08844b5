"""The specification's `OptimizationOrchestrator`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from processors.cycles.state import TenantCycles
from signalbox.errors import Stop
from signalbox.names import checked_tenant
from streams.orchestrator.ask import read_cycles, run_cycles
from streams.orchestrator.places import keys_of, partition_of
from streams.orchestrator.results import results_of
from streams.settings import Settings, load_settings
from streams.status.groups import admin_client, describe_group
from streams.worker.host import PartitionHost
from streams.worker.process import serve

READY_LIMIT_S = 60.0


class OptimizationOrchestrator:
    """One tenant's cycles, in a worker of this process or in those that run already.

    The parameters come before `settings`, and those before the environment's. What they say holds for the
    worker that is started here: workers that run elsewhere have settings of their own. A worker has whole
    partitions, and so serves other tenants as well. Raises `ConfigurationError`.
    """

    def __init__(
        self,
        tenant_id: str = "default",
        span_eval_interval_minutes: float = 15,
        annotation_interval_minutes: float = 30,
        feedback_interval_minutes: float = 15,
        confidence_threshold: float = 0.6,
        min_annotations_for_optimization: int = 50,
        optimization_improvement_threshold: float = 0.05,
        *,
        settings: Settings | None = None,
    ) -> None:
        self._tenant_id = checked_tenant(tenant_id)
        given = settings.model_dump(exclude_unset=True) if settings else {}
        self._settings = load_settings(
            **given
            | {
                "span_eval_interval_minutes": span_eval_interval_minutes,
                "annotation_interval_minutes": annotation_interval_minutes,
                "feedback_interval_minutes": feedback_interval_minutes,
                "confidence_threshold": confidence_threshold,
                "min_annotations_for_optimization": min_annotations_for_optimization,
                "improvement_threshold": optimization_improvement_threshold,
            }
        )
        self._since_s = time.time()
        self._host: PartitionHost | None = None
        self._is_ready = asyncio.Event()
        self._known = TenantCycles()

    async def start(self) -> None:
        """Run a worker until cancelled; raises what made it crash."""
        stopping = asyncio.Event()
        worker = asyncio.create_task(serve(self._settings, stopping, self._at_work), name="worker")
        try:
            await asyncio.shield(worker)
        finally:
            stopping.set()
            await asyncio.wait([worker])
            self._remember()
            self._host = None
            self._is_ready.clear()

    async def run_once(self, timeout_s: float = 120.0) -> dict[str, Any]:
        """Read spans, ask for labels, collect them, once; the specification's result, and `errors` by part.

        Where no worker runs, one does for the time being. Raises `Retry` where a part takes over `timeout_s`.
        """
        connection = self._settings.connection()
        async with self._a_worker():
            reports = await run_cycles(connection, self._settings, self._tenant_id, timeout_s)
            self._known = await read_cycles(connection, self._settings, self._tenant_id)
        return results_of(reports)

    def get_metrics(self) -> dict[str, float | None]:
        """The specification's metrics, since the tenant became known; a restart doesn't reset them.

        They are those of the worker here, or as the last `run_once` found them; `uptime_seconds` is this
        object's. Before either everything is 0.
        """
        self._remember()
        return self._known.metrics(time.time(), self._since_s)

    def _at_work(self, host: PartitionHost) -> None:
        self._host = host
        self._is_ready.set()

    def _remember(self) -> None:
        """Keep what the worker here knows of the tenant, if that falls to it."""
        if self._host is None:
            return
        key = keys_of(self._settings, self._tenant_id)[0]
        partition = self._host.partitions.get(partition_of(key, self._settings.partitions))
        if partition is not None:
            self._known = partition.tenants().get(key, self._known)

    @asynccontextmanager
    async def _a_worker(self) -> AsyncIterator[None]:
        """A worker that answers: ours, any that runs, or one that runs until the end of the block."""
        if self._host is not None or await self._is_any_at_work():
            yield
            return
        worker = asyncio.create_task(self.start(), name="worker for the time being")
        ready = asyncio.create_task(self._is_ready.wait())
        try:
            await asyncio.wait([worker, ready], timeout=READY_LIMIT_S, return_when=asyncio.FIRST_COMPLETED)
            if worker.done():
                await worker
            if not ready.done():
                raise Stop(f"the worker was not at work in {READY_LIMIT_S:.0f} s")
            yield
        finally:
            ready.cancel()
            worker.cancel()
            await asyncio.wait([worker])

    async def _is_any_at_work(self) -> bool:
        async with admin_client(self._settings.connection()) as client:
            return bool((await describe_group(client, self._settings.worker_group)).members)
