"""Reads what Faust did not deliver.

Around a rebalance Faust may fetch records and drop them: flow is suspended between the fetch and the stream,
and the position has moved on. Its own commits then stop at a gap that nothing fills. Here the partition's
cursor says what was applied, so what is missing can be seen, and read again from the log.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from processors.partition import SOURCE_TOPICS
from signalbox.connection import Connection
from streams.reading import FETCH_WAIT_MS, records_between
from streams.settings import Settings

if TYPE_CHECKING:
    from streams.worker.host import PartitionHost

log = logging.getLogger(__name__)

LOOK_EVERY_S = 2.0
MOST_RECORDS = 500
MOST_AT_ONCE = 20_000
"""A partition that is only slow has all its backlog before it; no more of that is held in memory than this."""


class CatchUp:
    """A reader of exact ranges, and a watch over cursors that stand still before the end of their topic."""

    def __init__(self, connection: Connection, settings: Settings) -> None:
        self._settings = settings
        self._consumer = AIOKafkaConsumer(
            **connection.client_options(),
            enable_auto_commit=False,
            isolation_level="read_committed",
            fetch_max_wait_ms=FETCH_WAIT_MS,
        )
        self._lock = asyncio.Lock()

    async def start(self) -> None:
        """Connect."""
        await self._consumer.start()

    async def stop(self) -> None:
        """Disconnect."""
        await self._consumer.stop()

    async def read(self, topic: str, number: int, start: int, end: int) -> list[ConsumerRecord]:
        """The records of a source topic from offset `start` up to and without `end`; there may be none."""
        place = TopicPartition(self._settings.topic(topic), number)
        async with self._lock:
            first = (await self._consumer.beginning_offsets([place]))[place]
            found = records_between(self._consumer, place, max(start, first), end)
            return [record async for record in found]

    async def watch(self, host: PartitionHost) -> None:
        """Until cancelled, apply what lies between a cursor that stands still and the end of its topic."""
        before: dict[TopicPartition, int] = {}
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            now = {
                TopicPartition(self._settings.topic(topic), number): (topic, number)
                for number in list(host.partitions)
                for topic in SOURCE_TOPICS
            }
            async with self._lock:
                ends = await self._consumer.end_offsets(list(now)) if now else {}
            for place, (topic, number) in now.items():
                if number not in host.partitions:
                    continue  # it was taken away meanwhile
                cursor = host.cursor(topic, number)
                if before.get(place) == cursor and cursor < ends[place]:
                    await self._fill(host, topic, number, cursor, min(ends[place], cursor + MOST_AT_ONCE))
                before[place] = cursor

    async def _fill(self, host: PartitionHost, topic: str, number: int, start: int, end: int) -> None:
        records = await self.read(topic, number, start, end)
        if records:
            log.warning(
                "records that Faust did not deliver",
                extra={"topic": topic, "partition": number, "start": start, "records": len(records)},
            )
        for at in range(0, len(records), MOST_RECORDS):
            await host.apply(topic, number, records[at : at + MOST_RECORDS])
        # A host whose partitions may be taken away applies nothing; then the records are still to come.
        if not records or (number in host.partitions and host.cursor(topic, number) > records[-1].offset):
            host.nothing_before(topic, number, end)
