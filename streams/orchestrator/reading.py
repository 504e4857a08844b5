"""A tenant's newest records, for the cycles that look at them; decoding happens in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import msgspec
from aiokafka import TopicPartition
from msgspec import Struct

from signalbox.connection import Connection
from signalbox.errors import InvalidEvent
from signalbox.events import AgentCard, Annotation, AnnotationRequest, Experience, decode
from signalbox.topics import ANNOTATION, ANNOTATION_REQUEST, ROUTING_EXPERIENCE
from streams.orchestrator.places import keys_of, partition_of
from streams.orchestrator.threads import in_thread
from streams.reading import plain_consumer, records_between
from streams.settings import Settings
from streams.trainer.reading import read_cards

E = TypeVar("E", bound=Struct)
MOST_LABELS = 5_000
"""So many of the newest requests and labels are searched for a person's."""


@dataclass(frozen=True)
class Newest:
    """Experiences, each decision once; records that were too many to look at; and where the topic ended."""

    experiences: list[Experience]
    skipped: int
    end: int


class TenantReader:
    """Reads a tenant's partitions without a group."""

    def __init__(self, connection: Connection, settings: Settings) -> None:
        self._connection = connection
        self._settings = settings

    async def experiences(self, tenant_id: str, start: int, most: int) -> Newest:
        """The newest revisions among the last `most` records, shared equally by the tenant's shards.

        Of the first shard's partition, to which `end` belongs too, nothing before the offset `start` is read.
        What a crashed worker wrote in vain may be among them: it tells of a decision that was made.
        """
        first, *others = keys_of(self._settings, tenant_id)
        most = most // (1 + len(others)) or 1
        values, skipped, end = await self._last(ROUTING_EXPERIENCE, first, start, most)
        for key in others:
            values += (await self._last(ROUTING_EXPERIENCE, key, 0, most))[0]
        decoded = await in_thread(lambda: _decoded(Experience, values))
        newest: dict[str, Experience] = {}
        for item in decoded:
            known = newest.get(item.decision_id)
            if known is None or item.revision >= known.revision:
                newest[item.decision_id] = item
        return Newest(list(newest.values()), skipped, end)

    async def shown(self, tenant_id: str) -> list[tuple[AnnotationRequest, Annotation]]:
        """Requests that people have answered, with what they said, oldest first."""
        requests, labels = [], []
        for key in keys_of(self._settings, tenant_id):
            requests += (await self._last(ANNOTATION_REQUEST, key, 0, MOST_LABELS))[0]
            labels += (await self._last(ANNOTATION, key, 0, MOST_LABELS))[0]
        return await in_thread(lambda: _answered(requests, labels))

    async def cards(self, tenant_id: str) -> dict[str, AgentCard]:
        """What is known of the tenant's agents, by agent."""
        found = await read_cards(self._connection, self._settings, tenant_id)
        return {card.agent: card for card in (decode(AgentCard, each) for each in found)}

    async def _last(self, topic: str, key: str, start: int, most: int) -> tuple[list[bytes], int, int]:
        """The key's values among the last records from `start` on, how many were left out, and the end."""
        place = TopicPartition(self._settings.topic(topic), partition_of(key, self._settings.partitions))
        wanted = key.encode()
        async with plain_consumer(self._connection) as consumer:
            first = (await consumer.beginning_offsets([place]))[place]
            end = (await consumer.end_offsets([place]))[place]
            begin = max(start, first, end - most)
            values = []
            async for record in records_between(consumer, place, begin, end):
                if record.key == wanted and record.value is not None:
                    values.append(record.value)
                if record.offset % 500 == 0:
                    await asyncio.sleep(0)  # the worker's own batches come first
        return values, max(begin - max(start, first), 0), end


def _decoded(kind: type[E], values: Sequence[bytes]) -> list[E]:
    """What can be read; the rest is of a newer version, which the trainer says of experiences."""
    found = []
    for value in values:
        try:
            found.append(decode(kind, value))
        except (InvalidEvent, msgspec.DecodeError):
            continue
    return found


def _answered(requests: Sequence[bytes], labels: Sequence[bytes]) -> list[tuple[AnnotationRequest, Annotation]]:
    asked = {each.decision_id: each for each in _decoded(AnnotationRequest, requests)}
    told = {
        (each.decision_id, each.annotator): each
        for each in sorted(_decoded(Annotation, labels), key=lambda each: each.occurred_at)
    }
    return [
        (asked[each.decision_id], each)
        for each in told.values()
        if each.kind == "human" and not each.requires_review and each.decision_id in asked
    ]
