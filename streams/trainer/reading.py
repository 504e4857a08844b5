"""Reads what a trigger names: experiences and annotations in exact ranges, artifacts; and agents' cards."""

from __future__ import annotations

import logging

import msgspec
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from msgspec import Struct

from signalbox.connection import Connection
from signalbox.errors import InvalidEvent, Unusable
from signalbox.events import AgentCard, Annotation, OffsetRange, OptimizationTrigger, decode, encode
from signalbox.policy import join
from signalbox.standing import standing
from signalbox.topics import AGENT_CARD, ANNOTATION, POLICY_ARTIFACT, ROUTING_EXPERIENCE, chunk_key
from streams.reading import partitions_of, plain_consumer, records_between
from streams.settings import Settings

log = logging.getLogger(__name__)


class _Origin(Struct):
    """The part of an experience that tells whether it stands."""

    run: str
    batch: int
    value: bytes | None = None


async def read_experiences(
    connection: Connection, settings: Settings, trigger: OptimizationTrigger
) -> list[bytes]:
    """The experiences of the trigger's tenant key in its ranges that stand, in their order, every revision.

    Raises `Unusable` where a range isn't there whole, because then its answer can't be given any more.
    """
    wanted = trigger.tenant_key.encode()
    decoder = msgspec.json.Decoder(_Origin)
    values: list[bytes] = []
    async with plain_consumer(connection) as consumer:
        for each in trigger.ranges:
            topic = settings.topic(ROUTING_EXPERIENCE)
            if each.topic == settings.topic(ANNOTATION):
                continue
            if each.topic not in {topic, ROUTING_EXPERIENCE}:
                raise Unusable("invalid", f"ranges: {each.topic!r} is not {topic}")
            partition = TopicPartition(topic, each.partition)
            await _check_whole(consumer, partition, each)
            origins = []
            async for record in records_between(consumer, partition, each.start, each.end):
                origin = decoder.decode(record.value)
                origin.value = record.value if record.key == wanted else None
                origins.append(origin)
            # The trigger's own origin at the end, for a run that has published no experience before it.
            origins.append(_Origin(trigger.run, trigger.batch))
            stand = standing(origins, lambda origin: origin.run, lambda origin: origin.batch)
            values.extend(origin.value for origin in stand if origin.value is not None)
    return values


async def read_annotations(
    connection: Connection, settings: Settings, trigger: OptimizationTrigger
) -> tuple[bytes, ...]:
    """The encoded annotations of the trigger's tenant key in its ranges, in their order.

    What retention has deleted meanwhile is missing: it was written long before the trigger's experiences. What
    can't be read is left out.
    """
    topic, wanted = settings.topic(ANNOTATION), trigger.tenant_key.encode()
    found: list[bytes] = []
    async with plain_consumer(connection) as consumer:
        for each in trigger.ranges:
            if each.topic != topic:
                continue
            partition = TopicPartition(topic, each.partition)
            first = (await consumer.beginning_offsets([partition]))[partition]
            async for record in records_between(consumer, partition, max(first, each.start), each.end):
                if record.key == wanted and record.value is not None:
                    found += _annotation(record, trigger.tenant_id)
    return tuple(found)


def _annotation(record: ConsumerRecord, tenant_id: str) -> list[bytes]:
    """The annotation, encoded in our own way; none for what is no annotation of this tenant."""
    try:
        annotation = decode(Annotation, record.value)
    except InvalidEvent as error:
        log.error("%s/%s/%s is no annotation: %s", record.topic, record.partition, record.offset, error.reason)
        return []
    return [encode(annotation)] if annotation.tenant_id == tenant_id else []


async def read_artifact(connection: Connection, settings: Settings, digest: str) -> bytes | None:
    """The bytes that lie on `policy-artifact` under `digest`, or None; raises `ArtifactError` if changed."""
    found: dict[bytes, bytes | None] = {}
    async with plain_consumer(connection, "read_committed") as consumer:
        partitions = await partitions_of(consumer, [settings.topic(POLICY_ARTIFACT)])
        starts = await consumer.beginning_offsets(partitions)
        ends = await consumer.end_offsets(partitions)
        for partition in partitions:
            async for record in records_between(consumer, partition, starts[partition], ends[partition]):
                if record.key is not None and record.key.startswith(digest.encode()):
                    found[record.key] = record.value
    chunks: list[bytes] = []
    while (chunk := found.get(chunk_key(digest, len(chunks)))) is not None:
        chunks.append(chunk)
    return join(chunks, digest) if chunks else None


async def read_cards(connection: Connection, settings: Settings, tenant_id: str) -> tuple[bytes, ...]:
    """The encoded cards of the tenant's agents that lie on `agent-card` now, by their keys.

    A card that can't be read is left out; an agent that has left has none.
    """
    found: dict[bytes, bytes | None] = {}
    tenant = f"{tenant_id}/".encode()
    async with plain_consumer(connection) as consumer:
        for partition in await partitions_of(consumer, [settings.topic(AGENT_CARD)]):
            start = (await consumer.beginning_offsets([partition]))[partition]
            end = (await consumer.end_offsets([partition]))[partition]
            async for record in records_between(consumer, partition, start, end):
                if record.key is not None and record.key.startswith(tenant):
                    found[record.key] = _card(record)
    return tuple(card for _, card in sorted(found.items()) if card is not None)


def _card(record: ConsumerRecord) -> bytes | None:
    """The card, encoded in our own way; None for a tombstone and for what is no card of this tenant."""
    if record.value is None:
        return None
    try:
        card = decode(AgentCard, record.value)
    except InvalidEvent as error:
        log.error("%s/%s/%s is no card: %s", record.topic, record.partition, record.offset, error)
        return None
    return encode(card) if record.key.startswith(f"{card.tenant_id}/".encode()) else None


async def _check_whole(consumer: AIOKafkaConsumer, partition: TopicPartition, wanted: OffsetRange) -> None:
    name = f"{wanted.topic}/{wanted.partition}"
    if partition not in await partitions_of(consumer, [partition.topic]):
        raise Unusable("invalid", f"ranges: there is no {name}")
    first = (await consumer.beginning_offsets([partition]))[partition]
    end = (await consumer.end_offsets([partition]))[partition]
    if wanted.start < first:
        raise Unusable(
            "invalid",
            f"ranges: {name} is wanted from {wanted.start} on, but retention has deleted all before {first}",
        )
    if wanted.end > end:
        raise Unusable("invalid", f"ranges: {name} is wanted to offset {wanted.end}, but it ends at {end}")
