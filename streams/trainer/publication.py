"""Publishes an answer all or nothing, and shuts out everyone else who would answer for the same policy."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import IllegalOperation, KafkaError

from signalbox.connection import Connection
from signalbox.errors import Retry
from streams.policy_records import Record
from streams.settings import Settings

TRANSACTION_TIMEOUT_S = 10
"""So long a killed trainer's open transaction may hold up the readers of everybody's policies."""

START_LIMIT_S = 3 * TRANSACTION_TIMEOUT_S
STOP_LIMIT_S = 5


class Publication(Protocol):
    """Where one answer goes."""

    async def publish(self, records: Sequence[Record], offsets: Mapping[TopicPartition, int]) -> None:
        """Publish the records and commit the consumer's offsets; raises `Retry` when that isn't certain."""


@asynccontextmanager
async def open_publication(
    connection: Connection,
    settings: Settings,
    name: str,
    consumer: AIOKafkaConsumer | None = None,
    group: str | None = None,
) -> AsyncIterator[Publication]:
    """A publication for `name`, a slot say; opening it fences every earlier one of that name.

    So whoever opens it and *then* reads what was answered and what is in force can rely on that: nobody else
    can change it any more. Offsets are committed for the `group` of `consumer`,
    by default that of all trainers. Raises `Retry`.
    """
    transactional = is_transactional(settings)
    producer = AIOKafkaProducer(
        **connection.client_options(),
        transactional_id=f"{settings.topic_prefix}trainer/{name}" if transactional else None,
        transaction_timeout_ms=TRANSACTION_TIMEOUT_S * 1000,
        enable_idempotence=True,
    )
    try:
        async with asyncio.timeout(START_LIMIT_S):
            await producer.start()
        kind = _Transaction if transactional else _Sequence
        yield kind(producer, settings, consumer, group or trainer_group(settings))
    except (KafkaError, TimeoutError) as error:
        raise Retry(f"publication for {name}: {type(error).__name__}: {error}") from error
    finally:
        # A fenced producer can't be flushed; it is let go.
        with contextlib.suppress(KafkaError, TimeoutError):
            async with asyncio.timeout(STOP_LIMIT_S):
                await producer.stop()


class _Transaction:
    """All of it in one Kafka transaction."""

    def __init__(
        self, producer: AIOKafkaProducer, settings: Settings, consumer: AIOKafkaConsumer | None, group: str
    ) -> None:
        self._producer, self._settings, self._consumer, self._group = producer, settings, consumer, group

    async def publish(self, records: Sequence[Record], offsets: Mapping[TopicPartition, int]) -> None:
        try:
            await self._publish(records, offsets)
        except (IllegalOperation, AssertionError) as error:
            # What aiokafka makes of a call on a producer that was fenced since the one before.
            raise Retry(f"the transaction was ended by another producer: {error}") from error

    async def _publish(self, records: Sequence[Record], offsets: Mapping[TopicPartition, int]) -> None:
        async with asyncio.timeout(2 * TRANSACTION_TIMEOUT_S), self._producer.transaction():
            sent = [
                await self._producer.send(self._settings.topic(record.topic), record.value, record.key)
                for record in records
            ]
            await asyncio.gather(*sent)
            if self._consumer and offsets:
                await self._producer.send_offsets_to_transaction(dict(offsets), self._group)


class _Sequence:
    """The same for librdkafka's in-process cluster, which has no transactions: in an order in which a reader
    of half of it misses the rest, but never meets a policy without its bytes.
    """

    def __init__(
        self, producer: AIOKafkaProducer, settings: Settings, consumer: AIOKafkaConsumer | None, group: str
    ) -> None:
        self._producer, self._settings, self._consumer = producer, settings, consumer

    async def publish(self, records: Sequence[Record], offsets: Mapping[TopicPartition, int]) -> None:
        for record in records:
            await self._producer.send_and_wait(self._settings.topic(record.topic), record.value, record.key)
        if self._consumer and offsets:
            await self._consumer.commit(dict(offsets))


def slot_name(tenant_id: str, scope: str) -> str:
    """The name under which all who change a scope's policies, in whatever slot, exclude each other."""
    return f"{tenant_id}/{scope}"


def is_transactional(settings: Settings) -> bool:
    """Whether the broker has transactions; librdkafka's in-process cluster has none that work."""
    return settings.broker != "in-process"


def trainer_group(settings: Settings) -> str:
    """The consumer group of all trainers."""
    return f"{settings.topic_prefix}trainer"


def program_group(settings: Settings) -> str:
    """The group in which the same trainers read the triggers of prompt programs."""
    return settings.topic("signalbox-program-trainer")
