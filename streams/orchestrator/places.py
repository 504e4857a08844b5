"""Where a tenant's records lie."""

from __future__ import annotations

from aiokafka.partitioner import murmur2

from streams.settings import Settings


def keys_of(settings: Settings, tenant_id: str) -> list[str]:
    """The tenant's keys; the first speaks for the tenant, so its partition runs the cycles."""
    shards = settings.tenant_shards.get(tenant_id, 1)
    return [tenant_id] if shards <= 1 else [f"{tenant_id}#{shard}" for shard in range(shards)]


def partition_of(key: str, partitions: int) -> int:
    """Where Kafka's default partitioner puts a key."""
    return int((murmur2(key.encode()) & 0x7FFFFFFF) % partitions)
