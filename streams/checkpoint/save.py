"""Saves a scope's state, beside workers that may be at work on it."""

from __future__ import annotations

from pathlib import Path

import msgspec
from aiokafka import AIOKafkaConsumer
from aiokafka.partitioner import DefaultPartitioner

from signalbox.connection import Connection
from signalbox.errors import ConfigurationError
from signalbox.topics import tenant_of_key
from streams.checkpoint.format import Checkpoint, TenantKey, write_checkpoint
from streams.checkpoint.state import checkpoint_of
from streams.reading import plain_consumer
from streams.replay.recorded import read_state
from streams.settings import Settings
from streams.trainer.ledger_reader import LedgerReader
from streams.worker.policies import policies_from


async def save_checkpoint(
    connection: Connection, settings: Settings, tenant_key: str, scope: str, path: Path
) -> Checkpoint:
    """Write the state of a scope with its offsets to `path`, and return it.

    `tenant_key` is a tenant, or `tenant#k` for a shard. The state is that after some batch, whole; workers
    need not be stopped. Raises `ConfigurationError` where there is no state or the file can't be written.
    """
    number = partition_of(settings, tenant_key)
    async with plain_consumer(connection, "read_committed") as consumer:
        await check_topics(consumer, settings)
        partition = await read_state(consumer, settings, policies_from(settings), number)
    async with LedgerReader(connection, settings) as reader:
        ledger = await reader.catch_up(behind_transactions=False)
    champion = ledger.champion(tenant_of_key(tenant_key), scope)
    checkpoint = checkpoint_of(partition, tenant_key, scope, champion)
    write_checkpoint(path, checkpoint)
    return checkpoint


def partition_of(settings: Settings, tenant_key: str) -> int:
    """The partition that a tenant key's records lie on; raises `ConfigurationError` for what is no key."""
    try:
        msgspec.convert(tenant_key, TenantKey)
    except msgspec.ValidationError:
        raise ConfigurationError(
            f"tenant {tenant_key!r}: lower-case letters, digits, '-' and '_', at most 63 of them"
        ) from None
    tenant, _, shard = tenant_key.partition("#")
    shards = settings.tenant_shards.get(tenant, 1)
    if (shards > 1) != bool(shard) or (shard and int(shard) >= shards):
        keys = f"{tenant}#0 to {tenant}#{shards - 1}" if shards > 1 else tenant
        raise ConfigurationError(f"tenant {tenant_key!r}: SIGNALBOX_TENANT_SHARDS makes its key {keys}")
    number: int = DefaultPartitioner()(tenant_key.encode(), list(range(settings.partitions)), [])
    return number


async def check_topics(consumer: AIOKafkaConsumer, settings: Settings) -> None:
    """Raise `ConfigurationError` where no worker has ever run."""
    if settings.changelog_topic not in await consumer.topics():
        raise ConfigurationError(
            f"topic {settings.changelog_topic}: there is none; no worker has run with this"
            f" SIGNALBOX_TOPIC_PREFIX ({settings.topic_prefix!r})"
        )
