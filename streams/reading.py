"""Plain reading from Kafka: consumers without a group, whole topics, exact offset ranges."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from signalbox.connection import Connection
from signalbox.errors import Retry

FETCH_BYTES = 8 * 2**20
MAX_POLLS_WITHOUT_RECORDS = 60
FETCH_WAIT_MS = 20
"""The broker answers a connection's requests in turn, so the next read waits for the last one's long poll."""


@asynccontextmanager
async def plain_consumer(
    connection: Connection, isolation_level: str = "read_uncommitted"
) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer without a group, started, and stopped afterwards."""
    consumer = AIOKafkaConsumer(
        **connection.client_options(),
        enable_auto_commit=False,
        isolation_level=isolation_level,
        max_partition_fetch_bytes=FETCH_BYTES,
        fetch_max_wait_ms=FETCH_WAIT_MS,
        auto_offset_reset="none",
    )
    try:
        await consumer.start()
        await asyncio.sleep(0)  # stopped before its tasks have run once, aiokafka cancels its caller
        yield consumer
    finally:
        await _stop(consumer)


async def _stop(consumer: AIOKafkaConsumer) -> None:
    try:
        await consumer.stop()
    except asyncio.CancelledError:
        # Where the broker is gone, aiokafka cancels a fetch that waits for it, and lets its caller see that.
        if (task := asyncio.current_task()) is not None and task.cancelling():
            raise


async def partitions_of(consumer: AIOKafkaConsumer, topics: Iterable[str]) -> list[TopicPartition]:
    """All partitions of the topics; raises `Retry` for one that doesn't exist (yet)."""
    existing = await consumer.topics()
    found: list[TopicPartition] = []
    for topic in topics:
        if topic not in existing:
            raise Retry(f"topic {topic} does not exist")
        await consumer.end_offsets([TopicPartition(topic, 0)])  # makes the consumer fetch the topic's metadata
        numbers = consumer.partitions_for_topic(topic) or ()
        found.extend(TopicPartition(topic, number) for number in sorted(numbers))
    return found


async def records_between(
    consumer: AIOKafkaConsumer, partition: TopicPartition, start: int, end: int
) -> AsyncIterator[ConsumerRecord]:
    """The records with offsets from `start` up to and without `end`; raises `Retry` where no more come."""
    if start >= end:
        return
    consumer.assign([partition])
    consumer.seek(partition, start)
    polls = 0
    while await consumer.position(partition) < end:
        records = (await consumer.getmany(partition, timeout_ms=500)).get(partition, [])
        polls = 0 if records else polls + 1
        if polls > MAX_POLLS_WITHOUT_RECORDS:
            raise Retry(f"{partition.topic}/{partition.partition}: nothing comes after offset {start}")
        for record in records:
            if record.offset >= end:
                return
            yield record
