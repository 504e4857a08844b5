"""Runs cycles beside the stream: what they do goes through topics, and a failing one harms nothing."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial

from msgspec.structs import replace

from processors.cycles.order import Order
from processors.cycles.records import Cycle, CycleReport, CycleRequest
from streams.orchestrator.publishing import Publishing

log = logging.getLogger(__name__)

Work = Callable[[Order], Awaitable[CycleReport]]
Place = tuple[str, Cycle]
"""A tenant key and its cycle."""
AT_ONCE = 4
ERROR_LENGTH = 300


class CycleRunner:
    """At most one run of a tenant's cycle at a time, and `AT_ONCE` of all together."""

    def __init__(
        self, work: Mapping[Cycle, Work], publishing: Publishing, clock: Callable[[], float] = time.time
    ) -> None:
        self._work = work
        self._publishing = publishing
        self._clock = clock
        self._places = asyncio.Semaphore(AT_ONCE)
        self._running: dict[Place, asyncio.Task[None]] = {}
        self._asked: set[asyncio.Task[None]] = set()

    def start(self, orders: Iterable[Order]) -> None:
        """Begin the cycles; returns at once."""
        for order in orders:
            place = (order.tenant_key, order.cycle)
            running = self._running.get(place)
            if running is None:
                task = asyncio.create_task(self._run(order), name=f"cycle {order.cycle} {order.tenant_key}")
                self._running[place] = task
                task.add_done_callback(partial(self._ended, place))
            elif order.request_ids:
                # What was asked for now must see what the present run finds: it is asked for again afterwards.
                running.add_done_callback(partial(self._ask_again, order))

    def keep(self, is_ours: Callable[[str], bool]) -> None:
        """Cancel the cycles of tenant keys that are no longer ours: who owns them now begins them anew."""
        for (tenant_key, _), task in list(self._running.items()):
            if not is_ours(tenant_key):
                task.cancel()

    async def stop(self) -> None:
        """Cancel what runs, and wait for its end; it is begun anew by whoever owns the partition then."""
        tasks = [*self._running.values(), *self._asked]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, order: Order) -> None:
        async with self._places:
            started_s = self._clock()
            try:
                report = await self._work[order.cycle](order)
            except Exception as error:
                log.exception("cycle failed", extra={"tenant": order.tenant_id, "cycle": order.cycle})
                message = f"{type(error).__name__}: {error}"[:ERROR_LENGTH]
                report = CycleReport(
                    tenant_id=order.tenant_id, cycle=order.cycle, started_s=0.0, ended_s=0.0, error=message
                )
            report = replace(report, started_s=started_s, ended_s=self._clock(), request_ids=order.request_ids)
            told = {"tenant": order.tenant_id, "cycle": order.cycle, "error": report.error}
            log.info("cycle", extra={**told, **report.numbers})
            try:
                await self._publishing.record(order.tenant_key, report)
            except Exception:
                # Without a report the cycle counts as open, and is begun again.
                log.exception("the report of a cycle could not be written", extra=told)

    def _ended(self, place: Place, task: asyncio.Task[None]) -> None:
        if self._running.get(place) is task:
            del self._running[place]

    def _ask_again(self, order: Order, running: asyncio.Task[None]) -> None:
        if running.cancelled():
            return  # who owns the partition now has the request in its log, as begun and not ended
        again = asyncio.ensure_future(self._request(order))
        self._asked.add(again)
        again.add_done_callback(self._asked.discard)

    async def _request(self, order: Order) -> None:
        for request_id in order.request_ids:
            again = CycleRequest(
                tenant_id=order.tenant_id, cycle=order.cycle, request_id=request_id, at_s=self._clock()
            )
            try:
                await self._publishing.record(order.tenant_key, again)
            except Exception:
                log.exception("a request could not be repeated", extra={"cycle": order.cycle})
