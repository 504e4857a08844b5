"""The topics of labelling: requests and labels as they come, and a label until it is acknowledged."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord

from signalbox import topics
from signalbox.connection import Connection
from signalbox.errors import InvalidEvent, Retry
from signalbox.events import Annotation, AnnotationRequest, decode, encode
from streams.annotating.backlog import Backlog
from streams.reading import partitions_of, plain_consumer
from streams.settings import Settings

log = logging.getLogger(__name__)

PUBLISH_LIMIT_MS = 10_000
POLL_MS = 50
KINDS: dict[str, type[AnnotationRequest] | type[Annotation]] = {
    topics.ANNOTATION_REQUEST: AnnotationRequest,
    topics.ANNOTATION: Annotation,
}


class LabelTopics(Protocol):
    """What a person's labels come from and go to; Kafka, or a list in a test."""

    async def refresh(self) -> Backlog:
        """All that lies in the topics now."""

    async def publish(self, label: Annotation) -> None:
        """Publish a label; returns when it is safe. Raises `KafkaError` where that isn't certain."""


@asynccontextmanager
async def open_label_topics(
    connection: Connection, settings: Settings, tenant_id: str | None = None
) -> AsyncIterator[LabelTopics]:
    """The topics, of all tenants or of one; raises `Retry` where they don't exist."""
    async with plain_consumer(connection) as consumer:
        try:
            places = await partitions_of(consumer, map(settings.topic, KINDS))
        except Retry as error:
            raise Retry(f"{error}; a worker makes the topics when it starts") from None
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        # Not idempotent: such a producer never gives up, and a person wants to know. A label that is sent twice
        # is the same label.
        producer = AIOKafkaProducer(
            **connection.client_options(), acks="all", request_timeout_ms=PUBLISH_LIMIT_MS
        )
        try:
            await producer.start()
            yield _KafkaTopics(consumer, producer, settings, tenant_id)
        finally:
            await producer.stop()


class _KafkaTopics:
    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        producer: AIOKafkaProducer,
        settings: Settings,
        tenant_id: str | None,
    ) -> None:
        self._consumer, self._producer, self._settings = consumer, producer, settings
        self._tenant_id = tenant_id
        self._kinds = {settings.topic(name): kind for name, kind in KINDS.items()}
        self._backlog = Backlog()

    async def refresh(self) -> Backlog:
        ends = await self._consumer.end_offsets(self._consumer.assignment())
        behind = set(ends)
        while behind := {each for each in behind if await self._consumer.position(each) < ends[each]}:
            for records in (await self._consumer.getmany(timeout_ms=POLL_MS)).values():
                for record in records:
                    self._add(record)
        return self._backlog

    async def publish(self, label: Annotation) -> None:
        shards = self._settings.tenant_shards.get(label.tenant_id, 1)
        key = topics.tenant_key(label.tenant_id, label.decision_id, shards)
        topic = self._settings.topic(topics.ANNOTATION)
        await self._producer.send_and_wait(topic, encode(label), key.encode())

    def _add(self, record: ConsumerRecord) -> None:
        try:
            event = decode(self._kinds[record.topic], record.value)
        except InvalidEvent as error:
            log.warning("%s/%s/%s is not ours: %s", record.topic, record.partition, record.offset, error)
            return
        if self._tenant_id in (None, event.tenant_id):
            self._backlog.add(event)
