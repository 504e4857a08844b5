"""Asks the cluster for everything at once; nothing of it needs a running worker or trainer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from signalbox.connection import Connection
from signalbox.events import OptimizationTrigger, PolicyUpdate, TrainingResult
from signalbox.topics import (
    DEAD_LETTER,
    OPTIMIZATION_TRIGGER,
    ROUTING_DECISION,
    ROUTING_OUTCOME,
    WORKFLOW_EXECUTION,
)
from streams.reading import partitions_of, plain_consumer
from streams.settings import Settings
from streams.status.groups import Group, admin_client, describe_group
from streams.status.news import News, read_news
from streams.trainer.publication import trainer_group

LIMIT_S = 10.0
WORKER_TOPICS = (ROUTING_DECISION, ROUTING_OUTCOME, WORKFLOW_EXECUTION)
"""Those whose lag says how far the workers are behind. Answers are written in transactions, whose marks count
as records that nobody ever reads, so a lag of `training-result` would say nothing."""


@dataclass
class Status:
    """What the cluster tells; `broker_error` says why it tells nothing."""

    bootstrap_servers: str
    broker_error: str | None = None
    workers: Group | None = None
    trainers: Group | None = None
    lag: dict[str, int] = field(default_factory=dict)
    dead_letters: int = 0
    outstanding: list[OptimizationTrigger] = field(default_factory=list)
    champions: list[PolicyUpdate] = field(default_factory=list)
    canaries: list[PolicyUpdate] = field(default_factory=list)
    results: list[TrainingResult] = field(default_factory=list)


async def read_status(connection: Connection, settings: Settings) -> Status:
    """The status now; a cluster that can't be reached is part of it, not an error."""
    status = Status(connection.bootstrap_servers)
    try:
        async with (
            asyncio.timeout(LIMIT_S),
            admin_client(connection) as client,
            plain_consumer(connection, "read_committed") as consumer,
        ):
            await _fill(status, settings, client, consumer)
    except TimeoutError:
        status.broker_error = f"no answer within {LIMIT_S:.0f} s"
    except (KafkaError, OSError) as error:
        status.broker_error = f"{type(error).__name__}: {error}"
    return status


async def _fill(
    status: Status, settings: Settings, client: AIOKafkaAdminClient, consumer: AIOKafkaConsumer
) -> None:
    worker_group, its_trainer_group = settings.worker_group, trainer_group(settings)
    status.workers = await describe_group(client, worker_group)
    status.trainers = await describe_group(client, its_trainer_group)
    existing = await consumer.topics()
    for group, names in ((worker_group, WORKER_TOPICS), (its_trainer_group, (OPTIMIZATION_TRIGGER,))):
        known = [name for name in names if settings.topic(name) in existing]
        status.lag |= await _lag(settings, client, consumer, group, known)
    if settings.topic(DEAD_LETTER) in existing:
        places = await partitions_of(consumer, [settings.topic(DEAD_LETTER)])
        starts, ends = await consumer.beginning_offsets(places), await consumer.end_offsets(places)
        status.dead_letters = sum(ends[place] - starts[place] for place in places)
    news: News = await read_news(consumer, settings, existing)
    status.champions, status.canaries = news.champions(), news.canaries()
    status.outstanding, status.results = news.outstanding(), news.results


async def _lag(
    settings: Settings,
    client: AIOKafkaAdminClient,
    consumer: AIOKafkaConsumer,
    group: str,
    names: Iterable[str],
) -> dict[str, int]:
    """How many records of each topic the group has not committed; what retention deleted doesn't count."""
    lag = {}
    for name in names:
        places = await partitions_of(consumer, [settings.topic(name)])
        committed = await client.list_consumer_group_offsets(group, partitions=places)
        starts, ends = await consumer.beginning_offsets(places), await consumer.end_offsets(places)
        # A group that has committed nothing is at -1, and what retention has deleted can't be read any more.
        lag[name] = sum(max(0, ends[place] - max(starts[place], committed[place].offset)) for place in places)
    return lag
