"""Runs a simulation under the eyes of a person: simulator, observer and view together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from signalbox.connection import Connection
from streams.live.loop_state import LoopState
from streams.live.observer import Observer
from streams.live.snapshot import Snapshot, TenantLine
from streams.live.summary import summary
from streams.settings import Settings
from streams.simulator.simulator import Pace, Simulator
from streams.simulator.traffic import Traffic

SHOW_EVERY_S = 0.25
FIRST_SAMPLE = 100
"""Decisions before the curve begins: a mean of fewer says nothing."""


class View(Protocol):
    """What shows a run."""

    def show(self, now: Snapshot) -> None:
        """Show the loop as it is now."""

    def close(self) -> None:
        """Give the terminal back."""


class WatchedRun:
    """One simulation with everything that is seen of it."""

    def __init__(
        self,
        traffic: Traffic,
        connection: Connection,
        broker: dict[str, str],
        *,
        pace: Pace,
        settings: Settings,
        seed: int,
    ) -> None:
        self._traffic, self._broker, self._pace = traffic, broker, pace
        self._state = LoopState()
        self._simulator = Simulator(
            traffic,
            connection,
            seed=seed,
            epsilon=settings.exploration_epsilon,
            topic_prefix=settings.topic_prefix,
            tenant_shards=settings.tenant_shards,
            adopted=self._state.swapped,
            reported=lambda decision_id: self._state.reported(decision_id, time.time()),
        )
        tenants = [workload.tenant_id for workload in traffic.workloads]
        self._observer = Observer(connection, self._state, tenants, settings.topic_prefix)
        self._history: list[float] = []
        self._started_at = 0.0
        self._routed_s = 0.0

    async def run(
        self, view: View, stopping: asyncio.Event, check: Callable[[], None] = lambda: None
    ) -> dict[str, Any]:
        """Run to the end of the pace or until `stopping`; returns the summary's numbers.

        `check` is called with every picture; what it raises ends the run.
        """
        await self._observer.start()
        try:
            await self._simulator.start()
            self._started_at = time.time()
            routing = asyncio.create_task(self._simulator.run(self._pace, stopping))
            try:
                await self._show_until(routing, view, check)
            finally:
                view.close()
                routing.cancel()
                with suppress(asyncio.CancelledError):
                    await routing
        finally:
            await self._simulator.stop()
            await self._observer.stop()
        return self._summary()

    async def _show_until(self, routing: asyncio.Task[None], view: View, check: Callable[[], None]) -> None:
        while True:
            ended = routing.done()
            self._sample()
            view.show(self._snapshot())
            if ended:
                return routing.result()
            check()
            self._observer.check()
            await asyncio.wait([routing], timeout=SHOW_EVERY_S)

    def _sample(self) -> None:
        if self._traffic.changed_at is not None:
            self._state.changed(self._traffic.changed_at, time.time())
        reward = self._traffic.total.last
        if reward is not None and self._traffic.total.decisions >= FIRST_SAMPLE and not self._routed_s:
            self._history.append(reward)
        if self._simulator.draining and not self._routed_s:
            self._routed_s = time.time() - self._started_at

    def _summary(self) -> dict[str, Any]:
        return summary(
            broker=self._broker,
            score=self._traffic.total,
            state=self._state,
            outcomes=self._simulator.outcomes,
            dropped=self._simulator.dropped,
            seconds=round(time.time() - self._started_at, 2),
        )

    def _snapshot(self) -> Snapshot:
        state, score, now = self._state, self._traffic.total, time.time()
        return Snapshot(
            broker=f"{self._broker['kind']} {self._broker['version']}",
            elapsed_s=now - self._started_at,
            routed_s=self._routed_s or now - self._started_at,
            limit_s=self._pace.seconds,
            decisions=score.decisions,
            limit_decisions=self._pace.decisions,
            outcomes=self._simulator.outcomes,
            reward=score.last,
            best_single_agent=score.best_single_agent,
            optimal=score.optimal,
            history=tuple(self._history),
            adoptions_s=tuple(at - self._started_at for at in state.adoptions),
            tenants=tuple(self._tenant_lines()),
            triggers=state.triggers,
            published=state.published,
            adopted=state.adopted,
            rejected=state.rejected,
            failed=state.failed,
            trials=state.trials.running,
            programs=state.programs.line(now),
            trials_begun=state.trials.begun,
            trials_promoted=state.trials.promoted,
            dead_letters=state.dead_letters.total(),
            dropped=self._simulator.dropped,
            waiting=state.waiting,
            waiting_s=state.waiting_s(now),
            notes=tuple(state.notes),
            started_at=self._started_at,
        )

    def _tenant_lines(self) -> list[TenantLine]:
        return [
            TenantLine(
                tenant_id=workload.tenant_id,
                decisions=score.decisions,
                reward=score.last,
                best_single_agent=workload.best_single_agent,
                best_single_agent_reward=score.best_single_agent,
                optimal_reward=score.optimal,
                version=self._simulator.version(i),
            )
            for i, (workload, score) in enumerate(
                zip(self._traffic.workloads, self._traffic.scores, strict=True)
            )
        ]
