"""What the worker made of a partition: its journal, its published records, its state."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from processors.changelog import recover
from processors.journal import JournalEntry, applied
from processors.partition import Partition
from processors.policies import Policies
from signalbox import topics
from signalbox.events import DeadLetter, OptimizationTrigger, decode
from signalbox.names import is_program
from streams.reading import records_between
from streams.settings import Settings


class _Origin(msgspec.Struct):
    run: str
    batch: int


@dataclass
class Recorded:
    """The live worker's doings on one partition; experiences and their offsets by batch."""

    journal: list[JournalEntry]
    experiences: dict[int, list[bytes]] = field(default_factory=dict)
    offsets: dict[int, list[int]] = field(default_factory=dict)
    triggers: list[OptimizationTrigger] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)


async def read_all(
    consumer: AIOKafkaConsumer, topic: str, number: int, span: tuple[int, int] | None = None
) -> list[ConsumerRecord]:
    """The records of a partition that are kept, or those of `span`."""
    place = TopicPartition(topic, number)
    if span is None:
        first = await consumer.beginning_offsets([place])
        last = await consumer.end_offsets([place])
        span = first[place], last[place]
    return [record async for record in records_between(consumer, place, *span)]


async def read_recorded(consumer: AIOKafkaConsumer, settings: Settings, number: int) -> Recorded:
    """What stands of a worker's records on a partition; what a crashed run wrote in vain is left out."""

    async def read(name: str) -> list[ConsumerRecord]:
        return await read_all(consumer, settings.topic(name), number)

    recorded = Recorded(applied([record.value for record in await read(topics.JOURNAL)]))
    runs = {entry.batch: entry.run for entry in recorded.journal}
    for record in _standing(await read(topics.ROUTING_EXPERIENCE), runs):
        batch = msgspec.json.decode(record.value, type=_Origin).batch
        recorded.experiences.setdefault(batch, []).append(record.value)
        recorded.offsets.setdefault(batch, []).append(record.offset)
    found = _standing(await read(topics.OPTIMIZATION_TRIGGER), runs)
    triggers = [decode(OptimizationTrigger, record.value) for record in found]
    # Those of programs are trainers' doings, which name the worker's batch that they come from.
    recorded.triggers = [trigger for trigger in triggers if not is_program(trigger.scope)]
    recorded.dead_letters = [decode(DeadLetter, record.value) for record in await read(topics.DEAD_LETTER)]
    return recorded


async def read_state(
    consumer: AIOKafkaConsumer, settings: Settings, policies: Policies, number: int
) -> Partition:
    """The state that a worker would recover now."""
    prefix = f"{number}/"
    state: dict[str, bytes] = {}
    for record in await read_all(consumer, settings.changelog_topic, number):
        key = record.key.decode().removeprefix(prefix)
        if record.value is None:
            state.pop(key, None)
        else:
            state[key] = record.value
    return recover(number, policies, "reader", state)


def _standing(records: list[ConsumerRecord], runs: dict[int, str]) -> list[ConsumerRecord]:
    """Those whose batch was committed by the run that wrote them, as the journal knows."""
    decoder = msgspec.json.Decoder(_Origin)
    kept = []
    for record in records:
        origin = decoder.decode(record.value)
        if runs.get(origin.batch) == origin.run:
            kept.append(record)
    return kept
