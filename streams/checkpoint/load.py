"""Loads a scope's state, while no worker runs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, TopicPartition
from msgspec.structs import replace

from processors.changelog import changes
from processors.journal import CHECKPOINT, JournalEntry, encode_entry
from processors.partition import Partition
from signalbox.connection import Connection
from signalbox.errors import ConfigurationError
from signalbox.standing import run_name
from signalbox.topics import JOURNAL, ROUTING_EXPERIENCE, tenant_of_key
from streams.checkpoint.champion import restore_champion
from streams.checkpoint.format import Checkpoint, read_checkpoint
from streams.checkpoint.save import partition_of
from streams.checkpoint.state import put_into
from streams.policies import PolicyLedger
from streams.reading import plain_consumer
from streams.replay.recorded import read_state
from streams.settings import Settings
from streams.status.groups import UNKNOWN, admin_client, describe_group
from streams.topics import CHANGELOG_BATCH_BYTES, ensure_topics
from streams.trainer.ledger_reader import LedgerReader
from streams.worker.output import Output, Record
from streams.worker.policies import policies_from

RECORD_OVERHEAD_BYTES = 64


async def load_checkpoint(connection: Connection, settings: Settings, path: Path) -> list[str]:
    """Make a scope's state what the file says; what was done, in sentences.

    The topics must be those that the state was made from, or copies with the same offsets. Where the workers
    have lost their state, they go on from the checkpoint's offsets and count nothing twice; where they have
    one, it goes on from its own. Raises `ConfigurationError` while a worker is a member of the group, and for
    a file or topics that don't fit; then nothing has been changed.
    """
    checkpoint = read_checkpoint(path)
    await refuse_beside_workers(connection, settings)
    await ensure_topics(connection, settings, declares_topics=settings.broker != "in-process")
    number = partition_of(settings, checkpoint.tenant_key)
    if number != checkpoint.partition:
        raise ConfigurationError(
            f"{path}: partition {checkpoint.partition}: with SIGNALBOX_PARTITIONS={settings.partitions} the key"
            f" {checkpoint.tenant_key!r} lies on {number}"
        )
    async with plain_consumer(connection, "read_committed") as consumer:
        partition = await read_state(consumer, settings, policies_from(settings), number)
        await _check_offsets(consumer, settings, partition, checkpoint, path)
    async with LedgerReader(connection, settings) as reader:
        ledger = await reader.catch_up()
    told = _offsets(partition, checkpoint)
    if partition.batch:
        checkpoint = _without_answered(checkpoint, ledger, told)
    put_into(partition, checkpoint)
    records = _records(partition, path)
    told += await _champion(connection, settings, ledger, checkpoint)
    await _write(connection, settings, partition, records)
    # One that has started meanwhile may have recovered the old state: then all of this has to be done again.
    await refuse_beside_workers(connection, settings)
    return told


async def refuse_beside_workers(connection: Connection, settings: Settings) -> None:
    """Raise `ConfigurationError` while a worker runs: it would write its own state over the loaded one."""
    async with admin_client(connection) as client:
        group = await describe_group(client, settings.worker_group)
    if group.state == UNKNOWN:
        raise ConfigurationError(
            f"group {group.name}: this broker doesn't tell whether workers are members of it"
        )
    if group.members:
        raise ConfigurationError(
            f"group {group.name}: {len(group.members)} workers are members; stop them first (Kafka counts a"
            " killed one, or one with SIGNALBOX_INSTANCE_ID, for 10 s)"
        )


async def _check_offsets(
    consumer: AIOKafkaConsumer, settings: Settings, partition: Partition, checkpoint: Checkpoint, path: Path
) -> None:
    """Refuse offsets that the topics haven't reached: records yet to come would be taken for old ones."""
    reached = {ROUTING_EXPERIENCE: checkpoint.experiences_end}
    if not partition.batch:
        reached |= checkpoint.cursors
    places = {name: TopicPartition(settings.topic(name), partition.number) for name in reached}
    ends = await consumer.end_offsets(list(places.values()))
    for name, place in places.items():
        if ends[place] < reached[name]:
            raise ConfigurationError(
                f"{path}: {place.topic}/{place.partition} ends at {ends[place]}, but the checkpoint was saved"
                f" at {reached[name]}: these are not the topics that it was made from"
            )


def _offsets(partition: Partition, checkpoint: Checkpoint) -> list[str]:
    """From where the workers will go on, and what that means."""

    def listed(cursors: dict[str, int]) -> str:
        return ", ".join(f"{topic} {offset}" for topic, offset in sorted(cursors.items()))

    number = partition.number
    if not partition.batch:
        return [
            f"partition {number} had no state: workers go on from the checkpoint's offsets"
            f" ({listed(checkpoint.cursors)}), for all tenants of the partition"
        ]
    told = [
        f"partition {number} has a state and goes on from its own offsets ({listed(partition.cursors)}), not"
        f" from the checkpoint's ({listed(checkpoint.cursors)})"
    ]
    if partition.experiences_end > checkpoint.experiences_end:
        told.append(
            f"routing-experience/{number} has gone on from {checkpoint.experiences_end} to"
            f" {partition.experiences_end}: if some of that is this tenant's, log and replay buffer differ, and"
            " the trainer answers its triggers with `failed` until the windows of the checkpoint are over"
        )
    return told


def _without_answered(checkpoint: Checkpoint, ledger: PolicyLedger, told: list[str]) -> Checkpoint:
    """Without an outstanding trigger whose answer came after the checkpoint: it may not be read again."""
    outstanding = checkpoint.scope_state.outstanding
    if outstanding is None or outstanding not in ledger.answered:
        return checkpoint
    told.append(f"trigger {outstanding}, outstanding in the checkpoint, has been answered since")
    return replace(checkpoint, scope_state=replace(checkpoint.scope_state, outstanding=None))


async def _champion(
    connection: Connection, settings: Settings, ledger: PolicyLedger, checkpoint: Checkpoint
) -> list[str]:
    if checkpoint.champion is not None:
        return [await restore_champion(connection, settings, ledger, checkpoint.champion)]
    champion = ledger.champion(tenant_of_key(checkpoint.tenant_key), checkpoint.scope)
    if champion is None:
        return []
    return [f"policy {champion.digest[:12]} stays in force; when the checkpoint was saved, none was"]


def _records(partition: Partition, path: Path) -> list[Record]:
    """The changelog records; they go into one batch or not at all."""
    found = {f"{partition.number}/{key}".encode(): value for key, value in changes(partition).items()}
    size = sum(len(key) + len(value or b"") + RECORD_OVERHEAD_BYTES for key, value in found.items())
    if size > CHANGELOG_BATCH_BYTES:
        raise ConfigurationError(
            f"{path}: {size} bytes of state, with what else lies in the same chunks; at most"
            f" {CHANGELOG_BATCH_BYTES} can be loaded at once"
        )
    return list(found.items())


async def _write(
    connection: Connection, settings: Settings, partition: Partition, records: Iterable[Record]
) -> None:
    """The journal first: if we die before the state is written, the next worker's run makes its entry void."""
    run = run_name(partition.batch, uuid4().hex[:12])
    entry = JournalEntry(run=run, batch=partition.batch, topic=CHECKPOINT, start=0, end=0)
    output = Output(connection)
    await output.start()
    try:
        await output.send(settings.topic(JOURNAL), partition.number, [(None, encode_entry(entry))])
        await output.send_atomically(settings.changelog_topic, partition.number, records)
    finally:
        await output.stop()
