"""The simulated router itself: decides with the client package and reports what came of it."""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import NamedTuple

from signalbox import ActivePolicy, Connection, PolicyFeed, PolicySubscriber, Publisher, Router
from signalbox.events import Signals
from streams.simulator.traffic import Traffic

TICK_S = 0.01
DRAIN_S = 6.0
"""How long after the last decision the remaining outcomes are still reported, seconds."""

Adopted = Callable[[str, int, float], None]
Reported = Callable[[str], None]


@dataclass(frozen=True)
class Pace:
    """`rate` decisions a second until `seconds` have passed or `decisions` are made, whatever is first."""

    rate: float
    seconds: float | None = None
    decisions: int | None = None


class _Due(NamedTuple):
    """A part of an outcome that waits for its time; `order` keeps those of one instant in order."""

    at: float
    order: int
    tenant: int
    decision_id: str
    part: int
    signals: Signals


class Simulator:
    """One router per tenant over one publisher.

    `adopted` is told the tenant, the version and the time (seconds since 1970) of every policy that is
    swapped in, `reported` the decision of every first outcome part that is sent; both in the event
    loop.
    """

    def __init__(
        self,
        traffic: Traffic,
        connection: Connection,
        *,
        seed: int = 0,
        epsilon: float = 0.1,
        topic_prefix: str = "",
        tenant_shards: dict[str, int] | None = None,
        cache_folder: Path | None = None,
        adopted: Adopted = lambda tenant_id, version, at: None,
        reported: Reported = lambda decision_id: None,
    ) -> None:
        self.traffic = traffic
        self.outcomes = 0
        self.draining = False
        self._reported = reported
        self._publisher = Publisher(connection, topic_prefix=topic_prefix, tenant_shards=tenant_shards or {})
        self._feed = PolicyFeed(connection, topic_prefix)
        self._adopted = adopted
        self._loop: asyncio.AbstractEventLoop | None = None
        self._subscribers = [
            PolicySubscriber(
                self._feed,
                workload.tenant_id,
                cache_folder=cache_folder,
                on_swap=partial(self._on_swap, workload.tenant_id),
            )
            for workload in traffic.workloads
        ]
        self._routers = [
            Router(
                self._publisher,
                subscriber,
                workload.tenant_id,
                epsilon=epsilon,
                seed=seed + i,
                canary=PolicySubscriber(self._feed, workload.tenant_id, slot="canary"),
            )
            for i, (workload, subscriber) in enumerate(zip(traffic.workloads, self._subscribers, strict=True))
        ]
        self._due: list[_Due] = []
        self._order = count()

    @property
    def dropped(self) -> int:
        """Events that the publisher could not keep while Kafka was away."""
        return self._publisher.dropped

    def version(self, tenant: int) -> int | None:
        """The version of the policy that a tenant's router uses, or None before the first one."""
        active = self._subscribers[tenant].current
        return active.version if active else None

    async def start(self) -> None:
        """Connect; policies that are already in force are adopted first."""
        self._loop = asyncio.get_running_loop()
        self._publisher.open()
        self._feed.open()

    async def stop(self) -> None:
        """Send what is still buffered and disconnect."""
        await asyncio.to_thread(self._feed.close)
        await self._publisher.stop()

    async def run(self, pace: Pace, stopping: asyncio.Event) -> None:
        """Decide at the given pace, report outcomes when due; returns early when `stopping` is set."""
        clock = asyncio.get_running_loop().time
        start = clock()
        end = start + pace.seconds if pace.seconds is not None else float("inf")
        most = pace.decisions if pace.decisions is not None else float("inf")
        made = 0
        while (now := clock()) < end and made < most and not stopping.is_set():
            target = min(most, (now - start) * pace.rate)
            while made < target:
                self._decide(now)
                made += 1
            self._report(now)
            await asyncio.sleep(TICK_S)
        self.draining = True
        last = clock()
        while self._due and (now := clock()) < last + DRAIN_S and not stopping.is_set():
            self._report(now)
            await asyncio.sleep(TICK_S)

    def _decide(self, now: float) -> None:
        tenant, task = self.traffic.next_task()
        decision = self._routers[tenant].decide(
            task.query,
            entities=task.entities,
            candidates=self.traffic.workloads[tenant].agents,
            modality=task.modality,
        )
        for part, report in enumerate(self.traffic.respond(tenant, task, decision.chosen_agent)):
            due = _Due(
                now + report.delay_s, next(self._order), tenant, decision.decision_id, part, report.signals
            )
            heapq.heappush(self._due, due)

    def _report(self, now: float) -> None:
        while self._due and self._due[0].at <= now:
            due = heapq.heappop(self._due)
            signals = due.signals
            self._routers[due.tenant].record_outcome(
                due.decision_id,
                search_quality=signals.search_quality,
                agent_success=signals.agent_success,
                user_satisfaction=signals.user_satisfaction,
                processing_time_s=signals.processing_time_s,
            )
            self.outcomes += 1
            if due.part == 0:
                self._reported(due.decision_id)

    def _on_swap(self, tenant_id: str, active: ActivePolicy) -> None:
        """Called in the feed's thread; whoever watches is told in the event loop."""
        if self._loop:
            self._loop.call_soon_threadsafe(self._adopted, tenant_id, active.version, time.time())
