"""What cycles need, injected once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Event
from typing import Any

from adapters.phoenix.connection import Phoenix
from adapters.phoenix.projects import project_of
from processors.cycles.order import Order
from processors.cycles.records import CycleReport
from processors.partition import Partition
from streams.orchestrator.places import partition_of
from streams.orchestrator.publishing import Publishing
from streams.orchestrator.reading import TenantReader
from streams.settings import Settings
from streams.worker.host import PartitionHost

APPLIED_LIMIT_S = 20.0
LOOK_S = 0.05


@dataclass(frozen=True)
class Tools:
    """`phoenix` is None where none is configured; `stopping` is set once the worker leaves."""

    settings: Settings
    publishing: Publishing
    reader: TenantReader
    phoenix: Phoenix | None
    host: PartitionHost
    stopping: Event

    def project(self, tenant_id: str) -> str:
        """The tenant's Phoenix project."""
        return project_of(tenant_id, self.settings.phoenix_project)

    def partition(self, tenant_key: str) -> Partition | None:
        """The partition of a tenant key, if it is owned here."""
        return self.host.partitions.get(partition_of(tenant_key, self.settings.partitions))

    async def until_applied(self, ends: Mapping[tuple[str, int], int]) -> None:
        """Wait, not for long, until what was published here changed the state: the next cycle is to see it."""
        for place, end in ends.items():
            for _ in range(int(APPLIED_LIMIT_S / LOOK_S)):
                if place[1] not in self.host.partitions or self.host.written.get(place, 0) >= end:
                    break
                await asyncio.sleep(LOOK_S)


def phoenix_of(settings: Settings) -> Phoenix | None:
    """The configured server, if one is."""
    if settings.phoenix_url is None:
        return None
    key = settings.phoenix_api_key
    return Phoenix(settings.phoenix_url, key.get_secret_value() if key else None)


def report_of(order: Order, **said: Any) -> CycleReport:
    """What a cycle says of itself; whoever runs it adds its times."""
    return CycleReport(
        tenant_id=order.tenant_id, cycle=order.cycle, started_s=order.at_s, ended_s=order.at_s, **said
    )
