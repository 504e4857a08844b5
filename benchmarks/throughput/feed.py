"""Events onto the broker, and what was made of them back."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from benchmarks.throughput.events import PARTITIONS, Event
from signalbox.connection import Connection

BATCH_BYTES = 500_000
POLL_S = 0.05


async def write(connection: Connection, prefix: str, events: Iterable[Event]) -> int:
    """Write events in their order per partition; how many there were."""
    producer = AIOKafkaProducer(**connection.client_options(), max_batch_size=BATCH_BYTES, acks="all")
    await producer.start()
    builders: dict[tuple[str, int], Any] = defaultdict(producer.create_batch)
    sent: list[asyncio.Future[Any]] = []
    count = 0

    async def send(place: tuple[str, int]) -> None:
        builder = builders.pop(place)
        builder.close()
        sent.append(await producer.send_batch(builder, prefix + place[0], partition=place[1]))

    try:
        for event in events:
            place = event.topic, event.partition
            if builders[place].append(key=event.key, value=event.value, timestamp=None) is None:
                await send(place)
                builders[place].append(key=event.key, value=event.value, timestamp=None)
            count += 1
        for place in list(builders):
            await send(place)
        for future in sent:
            await future
    finally:
        await producer.stop()
    return count


async def tail(connection: Connection, topic: str) -> AsyncIterator[list[Any]]:
    """The records of a topic as they come, from its start, without end; empty lists while none come."""
    consumer = AIOKafkaConsumer(
        **connection.client_options(), auto_offset_reset="earliest", enable_auto_commit=False
    )
    consumer.assign([TopicPartition(topic, partition) for partition in range(PARTITIONS)])
    await consumer.start()
    try:
        while True:
            fetched = await consumer.getmany(timeout_ms=int(POLL_S * 1000))
            yield [record for records in fetched.values() for record in records]
    finally:
        await consumer.stop()


async def stored_bytes(connection: Connection, topic: str) -> int:
    """The bytes of all keys and values that a topic holds."""
    consumer = AIOKafkaConsumer(**connection.client_options(), enable_auto_commit=False)
    partitions = [TopicPartition(topic, partition) for partition in range(PARTITIONS)]
    consumer.assign(partitions)
    await consumer.start()
    size = 0
    try:
        for place, end in (await consumer.end_offsets(partitions)).items():
            if end:
                consumer.assign([place])
                consumer.seek(place, 0)
                while await consumer.position(place) < end:
                    record = await consumer.getone()
                    size += len(record.key or b"") + len(record.value or b"")
    finally:
        await consumer.stop()
    return size
