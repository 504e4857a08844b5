"""Kafka as lists, and a host whose partition is a real one."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Event
from types import SimpleNamespace
from typing import Any

from aiokafka.errors import KafkaConnectionError

from processors.cycles.order import Memory, Order
from processors.cycles.records import Cycle, CycleRecord, decode_record
from processors.partition import Partition
from signalbox.events import AgentCard, Annotation, AnnotationRequest, Experience
from signalbox.topics import CYCLE
from streams.orchestrator.publishing import Publishing
from streams.orchestrator.reading import Newest
from streams.orchestrator.tools import Tools
from streams.settings import load_settings
from streams.worker.policies import policies_from

SETTINGS = load_settings(partitions=2, tick_s=0.01, tenant_shards={"big": 3})
AT_S = 1_750_000_000.0


@dataclass
class ListedOutput:
    """What was written, in order, as (topic, partition, key, value); the first `failures` calls fail."""

    written: list[tuple[str, int, bytes | None, bytes]] = field(default_factory=list)
    failures: int = 0

    async def send(self, topic: str, partition: int, records: Any) -> list[int]:
        offsets: list[int] = await (await self.begin(topic, partition, records))
        return offsets

    async def begin(self, topic: str, partition: int, records: Any) -> Any:
        if self.failures:
            self.failures -= 1
            raise KafkaConnectionError("away")
        start = len(self.written)
        self.written += [(topic, partition, key, value) for key, value in records]

        async def offsets() -> list[int]:
            return list(range(start, len(self.written)))

        return offsets()

    def records(self) -> list[CycleRecord]:
        """What lies on `cycle`."""
        return [decode_record(value) for topic, _, _, value in self.written if topic == CYCLE]

    def topics(self) -> list[str]:
        """Where everything lies."""
        return [topic for topic, *_ in self.written]


@dataclass
class ListedReader:
    """A tenant's experiences."""

    items: list[Experience] = field(default_factory=list)

    async def experiences(self, tenant_id: str, start: int, most: int) -> Newest:
        return Newest(self.items[-most:], 0, len(self.items))

    async def cards(self, tenant_id: str) -> dict[str, AgentCard]:
        return {}

    async def shown(self, tenant_id: str) -> list[tuple[AnnotationRequest, Annotation]]:
        return []


def tools_with(
    phoenix: Any = None, items: list[Experience] | None = None, partition: Partition | None = None
) -> tuple[Tools, ListedOutput]:
    """Tools over lists, and what is written with them."""
    output = ListedOutput()
    host: Any = SimpleNamespace(partitions={0: partition, 1: partition} if partition else {}, written=Applied())
    publishing = Publishing(SETTINGS, output)  # type: ignore[arg-type]
    reader: Any = ListedReader(items or [])
    return Tools(SETTINGS, publishing, reader, phoenix, host, Event()), output


class Applied(dict[tuple[str, int], int]):
    """Everything is applied at once."""

    def get(self, *_: Any) -> int:  # type: ignore[override]
        return 10**9


def partition() -> Partition:
    """An empty one."""
    return Partition(0, policies_from(SETTINGS), "run")


def order(cycle: Cycle = "metrics", tenant: str = "acme", at_s: float = AT_S, **memory: Any) -> Order:
    """An order of a timer."""
    return Order(tenant_key=tenant, tenant_id=tenant, cycle=cycle, at_s=at_s, memory=Memory(**memory))
