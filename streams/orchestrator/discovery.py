"""Tenants that only Phoenix knows of: their spans are read although no event of theirs has come."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from adapters.phoenix.connection import Phoenix
from adapters.phoenix.projects import PhoenixProjects, tenant_in
from processors.cycles.records import CycleRequest
from processors.partition import Partition
from streams.orchestrator.places import keys_of
from streams.orchestrator.publishing import Publishing
from streams.orchestrator.threads import in_thread
from streams.settings import Settings

log = logging.getLogger(__name__)

MOST_S = 60.0
"""A list of projects costs little, so a new tenant is found within a minute."""


class Discovery:
    """Looks for projects of tenants that are unknown, and fall to this worker."""

    def __init__(
        self,
        settings: Settings,
        phoenix: Phoenix,
        publishing: Publishing,
        partition: Callable[[str], Partition | None],
    ) -> None:
        self._settings = settings
        self._phoenix = phoenix
        self._publishing = publishing
        self._partition = partition

    async def watch(self) -> None:
        """Look until cancelled; a server that is away is said, and asked again."""
        every_s = max(min(60.0 * self._settings.span_eval_interval_minutes, MOST_S), self._settings.tick_s)
        while True:
            await asyncio.sleep(every_s)
            try:
                await self.look()
            except Exception as error:  # noqa: BLE001 whatever is wrong with Phoenix must not end the worker
                log.warning("Phoenix's projects can't be listed: %s", error)

    async def look(self) -> None:
        """Ask for the spans of every tenant that has a project and is not known yet."""
        names = await in_thread(lambda: list(PhoenixProjects(self._phoenix).names()))
        for name in names:
            tenant_id = tenant_in(name, self._settings.phoenix_project)
            if tenant_id is None:
                continue
            key = keys_of(self._settings, tenant_id)[0]
            partition = self._partition(key)
            if partition is None or key in partition.tenants():
                continue
            request = CycleRequest(
                tenant_id=tenant_id, cycle="span_evaluation", request_id="discovery", at_s=time.time()
            )
            await self._publishing.record(key, request)
            log.info("tenant found in Phoenix", extra={"tenant": tenant_id})
