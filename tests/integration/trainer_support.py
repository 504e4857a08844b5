"""A trainer whose training takes no time, and what its tests put into Kafka and read from it."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from signalbox.connection import Connection
from signalbox.events import (
    Experience,
    OffsetRange,
    OptimizationTrigger,
    PolicyUpdate,
    RoutingDecision,
    Signals,
    TrainingResult,
    decode,
    encode,
)
from signalbox.policy import Artifact, FeatureConfiguration, Lineage, Manifest, pack
from signalbox.topics import OPTIMIZATION_TRIGGER, POLICY_UPDATED, ROUTING_EXPERIENCE, TRAINING_RESULT
from streams.settings import Settings, load_settings
from streams.trainer.job import Answer, TrainingJob, without_training
from streams.trainer.service import run_trainer

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PARTITIONS = 4
AGENTS = ("video_search", "document_search")


def train_at_once(job: TrainingJob) -> Answer:
    """What the trigger's configuration asks for: a `verdict` (default: promoted), `pause_s`, `raise`."""
    trigger, wish = job.trigger, job.trigger.configuration
    time.sleep(wish.get("pause_s", 0))
    if wish.get("raise"):
        raise ValueError(wish["raise"])
    if wish.get("verdict", "promoted") != "promoted":
        return without_training(trigger, "rejected", "not_proven", "the interval holds 0")
    data = artifact_of(trigger, records=len(job.records))
    promoted = without_training(trigger, "promoted", "better", "it is better").result
    return Answer(promoted, data)


def artifact_of(trigger: OptimizationTrigger, records: int) -> bytes:
    """A policy that depends on nothing but the trigger and on how many records it was made from."""
    lineage = Lineage(
        trigger_id=trigger.trigger_id,
        parent_digest=trigger.champion_digest,
        ranges=trigger.ranges,
        buffer_digest=trigger.buffer_digest,
        seed=trigger.seed,
        code_version=trigger.code_version,
        configuration={},
        training_samples=records,
    )
    manifest = Manifest(
        tenant_id=trigger.tenant_id,
        scope=trigger.scope,
        agents=AGENTS,
        epsilon=0.1,
        features=FeatureConfiguration(bits=18),
        lineage=lineage,
    )
    rows = trigger.configuration.get("rows", 16)
    tensors = {
        "rows": np.arange(rows, dtype=np.int32),
        "weights": np.random.default_rng(trigger.seed).normal(size=(rows, 2)).astype(np.float16),
        "bias": np.zeros(2, np.float16),
        "idf": np.ones(rows + 1, np.float16),
    }
    return pack(Artifact(manifest, tensors))


def experience(number: int, *, tenant_id: str = "acme", reward: float = 0.5, revision: int = 0) -> Experience:
    decision = RoutingDecision(
        tenant_id=tenant_id,
        occurred_at=NOW,
        decision_id=f"d-{number}",
        query="which agent?",
        candidate_agents=AGENTS,
        chosen_agent=AGENTS[number % 2],
        propensity=0.5,
    )
    return Experience(
        tenant_id=tenant_id,
        occurred_at=NOW,
        decision_id=decision.decision_id,
        reward=reward,
        reward_version="1",
        outcome=Signals(search_quality=reward),
        decision=decision,
        source=f"routing-decision/0/{number}",
        run="1-test",
        batch=1,
        revision=revision,
        propensity=0.5,
    )


def trigger(number: int, **changes: Any) -> OptimizationTrigger:
    content: dict[str, Any] = {
        "tenant_id": "acme",
        "occurred_at": NOW,
        "trigger_id": f"trigger-{number}",
        "tenant_key": "acme",
        "scope": "routing",
        "reasons": ("requested",),
        "windows": (),
        "ranges": (),
        "buffer_digest": "",
        "experiences": 0,
        "look": 1,
        "seed": number,
        "code_version": "test",
        "configuration": {},
        "run": "1-test",
        "batch": 1,
    }
    return OptimizationTrigger(**content | changes)


def settings_for(connection: Connection, folder: Path, prefix: str, **changes: Any) -> Settings:
    return load_settings(
        bootstrap_servers=connection.bootstrap_servers,
        topic_prefix=prefix,
        partitions=PARTITIONS,
        data_folder=folder,
        log_level="info",
        **{"tick_s": 3600.0} | changes,
    )


@asynccontextmanager
async def producer_on(connection: Connection) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(**connection.client_options(), enable_idempotence=True)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def send_triggers(
    producer: AIOKafkaProducer, settings: Settings, triggers: Sequence[OptimizationTrigger]
) -> None:
    topic = settings.topic(OPTIMIZATION_TRIGGER)
    for each in triggers:
        await producer.send_and_wait(topic, encode(each), each.tenant_key.encode())


async def send_experiences(
    producer: AIOKafkaProducer, settings: Settings, experiences: Sequence[Experience]
) -> OffsetRange:
    """Send them to one partition; the range in which they lie."""
    topic = settings.topic(ROUTING_EXPERIENCE)
    sent = [
        await producer.send_and_wait(topic, encode(each), each.tenant_id.encode(), partition=1)
        for each in experiences
    ]
    return OffsetRange(topic=ROUTING_EXPERIENCE, partition=1, start=sent[0].offset, end=sent[-1].offset + 1)


async def read_topic(connection: Connection, settings: Settings, name: str) -> list[Any]:
    """Every committed record of a topic, by partition and offset."""
    consumer = AIOKafkaConsumer(
        **connection.client_options(), isolation_level="read_committed", auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        partitions = [TopicPartition(settings.topic(name), each) for each in range(PARTITIONS)]
        ends = await consumer.end_offsets(partitions)
        consumer.assign(partitions)
        records = []
        for partition in partitions:
            while await consumer.position(partition) < ends[partition]:
                for found in (await consumer.getmany(partition, timeout_ms=200)).values():
                    records += found
        return records
    finally:
        await consumer.stop()


async def results_of(connection: Connection, settings: Settings) -> list[TrainingResult]:
    records = await read_topic(connection, settings, TRAINING_RESULT)
    return [decode(TrainingResult, record.value) for record in records]


async def wait_for_results(
    connection: Connection, settings: Settings, count: int, timeout_s: float = 60
) -> list[TrainingResult]:
    """Every answer, as soon as there are `count` of them."""
    async with asyncio.timeout(timeout_s):
        while len(results := await results_of(connection, settings)) < count:  # noqa: ASYNC110 another process's doing
            await asyncio.sleep(0.1)
    return results


@asynccontextmanager
async def at_work(serve: Callable[[Callable[[], None]], Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """A trainer's loop, which is given what to call when it is ready, until the end of the block."""
    ready = asyncio.Event()
    task = asyncio.create_task(serve(ready.set))
    waiter = asyncio.create_task(ready.wait())
    await asyncio.wait({task, waiter}, return_when=asyncio.FIRST_COMPLETED, timeout=30)
    if task.done():
        task.result()
    assert ready.is_set()
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def trainer_on(
    connection: Connection, settings: Settings, run: Callable[[TrainingJob], Answer] = train_at_once
) -> AsyncIterator[None]:
    async with at_work(lambda ready: run_trainer(connection, settings, on_ready=ready, run=run)):
        yield


async def updates_of(connection: Connection, settings: Settings) -> list[PolicyUpdate]:
    """Every policy that came into force."""
    return [each for each in await slot_of(connection, settings, "champion") if each is not None]


async def slot_of(connection: Connection, settings: Settings, slot: str) -> list[PolicyUpdate | None]:
    """All that was ever in a slot of any tenant; None where one was emptied."""
    records = await read_topic(connection, settings, POLICY_UPDATED)
    values = [record.value for record in records if record.key.decode().endswith(f"/{slot}")]
    return [None if value is None else decode(PolicyUpdate, value) for value in values]


if __name__ == "__main__":
    import logging

    from streams.trainer.process import serve

    logging.basicConfig(level="WARNING", stream=sys.stderr)
    asyncio.run(serve(load_settings(), train_at_once))
