"""The topics on the cluster: made with equal partition counts, retention and compaction, and checked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

from signalbox.connection import Connection
from signalbox.errors import ConfigurationError
from signalbox.topics import AGENT_CARD, DEAD_LETTER, ROUTING_EXPERIENCE, TOPICS, TRAINING_RESULT, TopicSpec
from streams.settings import Settings

HOUR_MS = 3_600_000
LARGEST_OUTPUT_BYTES = 2_500_000
CHANGELOG_BATCH_BYTES = 8_000_000
"""A batch of state goes into one record batch, whole or not at all; it must fit."""


def topic_names(settings: Settings) -> list[str]:
    """Every topic that the service uses, the worker's changelog among them."""
    return [*(settings.topic(name) for name in TOPICS), settings.changelog_topic]


async def ensure_topics(connection: Connection, settings: Settings, declares_topics: bool = True) -> None:
    """Create what is missing; raise `ConfigurationError` where a topic has another partition count."""
    client = AIOKafkaAdminClient(**connection.client_options())
    await client.start()
    try:
        if declares_topics:
            await _create(client, settings)
        await _check(client, settings, topic_names(settings), declares_topics)
    finally:
        await client.close()


async def _create(client: AIOKafkaAdminClient, settings: Settings) -> None:
    configurations = {settings.topic(spec.name): _configuration(spec, settings) for spec in TOPICS.values()}
    configurations[settings.changelog_topic] = {
        **_compacted(segment_ms=HOUR_MS // 12),
        "max.message.bytes": str(CHANGELOG_BATCH_BYTES),
    }
    existing = set(await client.list_topics())
    new = [
        NewTopic(name, settings.partitions, settings.replication_factor, topic_configs=configuration)
        for name, configuration in configurations.items()
        if name not in existing
    ]
    if not new:
        return
    response = await client.create_topics(new)
    for name, code, *_ in response.topic_errors:
        error = for_code(code)
        # Another process of ours may have been quicker.
        if code and error is not TopicAlreadyExistsError:
            raise ConfigurationError(
                f"topic {name}: it can't be created: {error.__name__}: {error.description}"
            )


def _configuration(spec: TopicSpec, settings: Settings) -> dict[str, str]:
    if spec.compacted:
        configuration = _compacted(segment_ms=24 * HOUR_MS)
        if spec.name == AGENT_CARD:
            # That an agent has left must be known to a router that starts much later, too.
            configuration["delete.retention.ms"] = str(365 * 24 * HOUR_MS)
        return configuration
    # Answers are the history of every policy and tell which triggers need none: they are few, and kept.
    kept_ms = -1 if spec.name == TRAINING_RESULT else int(settings.retention_hours * HOUR_MS)
    configuration = {"cleanup.policy": "delete", "retention.ms": str(kept_ms)}
    if spec.name in (ROUTING_EXPERIENCE, DEAD_LETTER):
        # They hold the input's bytes and more, so the largest input makes a record over Kafka's usual 1 MB.
        configuration["max.message.bytes"] = str(LARGEST_OUTPUT_BYTES)
    if spec.log_append_time:
        configuration["message.timestamp.type"] = "LogAppendTime"
    return configuration


def _compacted(segment_ms: int) -> dict[str, str]:
    # The active segment is never compacted, so what a restart must read shrinks only when segments roll.
    return {
        "cleanup.policy": "compact",
        "min.cleanable.dirty.ratio": "0.1",
        "segment.ms": str(segment_ms),
        "segment.bytes": str(64 * 1024 * 1024),
    }


async def _check(
    client: AIOKafkaAdminClient, settings: Settings, names: list[str], declares_topics: bool
) -> None:
    counts = await _partition_counts(client, names, settings.partitions)
    for name, count in counts.items():
        if count != settings.partitions:
            raise ConfigurationError(
                f"topic {name}: it has {count} partitions, SIGNALBOX_PARTITIONS is {settings.partitions};"
                " all topics must have the same number"
            )
    if declares_topics:
        await _check_compaction(client, settings)


async def _partition_counts(client: AIOKafkaAdminClient, names: Iterable[str], expected: int) -> dict[str, int]:
    """How many partitions each topic has; a new topic may take a moment to be known everywhere."""
    counts: dict[str, int] = {}
    for _ in range(50):
        described = await client.describe_topics(list(names))
        counts = {topic["topic"]: len(topic["partitions"]) for topic in described}
        if all(counts.get(name) == expected for name in names):
            break
        await asyncio.sleep(0.1)
    return counts


async def _check_compaction(client: AIOKafkaAdminClient, settings: Settings) -> None:
    compacted = [settings.changelog_topic, *(settings.topic(s.name) for s in TOPICS.values() if s.compacted)]
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in compacted]
    for response in await client.describe_configs(resources):
        for _, _, _, name, entries in response.resources:
            policy = next((entry[1] for entry in entries if entry[0] == "cleanup.policy"), "")
            if "compact" not in policy:
                raise ConfigurationError(f"topic {name}: cleanup.policy is {policy!r}, it must be compact")
