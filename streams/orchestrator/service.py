"""The orchestrator inside a worker: its clock, its runner, and what they are wired to."""

from __future__ import annotations

import asyncio
from functools import partial
from threading import Event

from signalbox.connection import Connection
from streams.orchestrator.cycles import WORK
from streams.orchestrator.discovery import Discovery
from streams.orchestrator.leader import Leader
from streams.orchestrator.places import partition_of
from streams.orchestrator.publishing import Publishing
from streams.orchestrator.reading import TenantReader
from streams.orchestrator.runner import CycleRunner
from streams.orchestrator.tools import Tools, phoenix_of
from streams.settings import Settings
from streams.worker.host import PartitionHost
from streams.worker.output import Output


class Orchestration:
    """Takes orders from the host's partitions and sends them ticks; `stop` ends what runs."""

    def __init__(self, settings: Settings, connection: Connection, output: Output, host: PartitionHost) -> None:
        publishing = Publishing(settings, output)
        reader, phoenix = TenantReader(connection, settings), phoenix_of(settings)
        self._settings = settings
        self._host = host
        self._tools = tools = Tools(settings, publishing, reader, phoenix, host, Event())
        self._runner = CycleRunner({cycle: partial(work, tools) for cycle, work in WORK.items()}, publishing)
        self._leader = Leader(settings, output, host.partitions.__contains__)
        self._discovery = Discovery(settings, phoenix, publishing, tools.partition) if phoenix else None
        self._tasks: list[asyncio.Task[None]] = []
        host.on_orders = self._runner.start
        host.on_assigned = self._assigned

    def start(self) -> None:
        """Begin to lead, where that falls to this worker, and to look for tenants."""
        self._tasks.append(asyncio.create_task(self._leader.lead(), name="leader"))
        if self._discovery:
            self._tasks.append(asyncio.create_task(self._discovery.watch(), name="discovery"))

    async def stop(self) -> None:
        """End timers and cycles; what was not reported is done again by whoever owns the partition then."""
        self._tools.stopping.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._runner.stop()
        if self._tools.phoenix:
            self._tools.phoenix.close()

    def _assigned(self) -> None:
        partitions = self._settings.partitions
        self._runner.keep(lambda key: partition_of(key, partitions) in self._host.partitions)
