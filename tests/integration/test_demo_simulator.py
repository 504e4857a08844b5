"""The simulated router over a real Kafka: what it publishes, what it adopts, what is seen of it."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from adapters.broker import Broker
from benchmarks.random_policy import random_policy
from signalbox.connection import Connection
from signalbox.events import PolicyUpdate, RoutingDecision, RoutingOutcome, decode, encode, moment_at
from signalbox.policy import digest_of
from signalbox.topics import (
    POLICY_ARTIFACT,
    POLICY_UPDATED,
    ROUTING_DECISION,
    ROUTING_OUTCOME,
    chunk_key,
    policy_key,
)
from streams.live.run import WatchedRun
from streams.live.snapshot import Snapshot
from streams.settings import Settings, load_settings
from streams.simulator.build import Scenario, build_traffic
from streams.simulator.generated import AGENTS
from streams.simulator.simulator import Pace
from streams.topics import ensure_topics

pytestmark = pytest.mark.integration

BROKER = {"kind": "kafka", "version": "4"}


class Recording:
    """A view that keeps what it was shown, and reacts to it."""

    def __init__(self, react: Callable[[Snapshot], None] = lambda now: None) -> None:
        self.shown: list[Snapshot] = []
        self.closed = False
        self._react = react

    def show(self, now: Snapshot) -> None:
        self.shown.append(now)
        self._react(now)

    def close(self) -> None:
        self.closed = True


async def prepared(kafka: Broker, prefix: str) -> Settings:
    settings = load_settings(topic_prefix=prefix, partitions=4)
    await ensure_topics(kafka.connection, settings)
    return settings


def watched(kafka: Broker, settings: Settings, pace: Pace, change_at: int | None = None) -> WatchedRun:
    traffic = build_traffic(Scenario(seed=4, change_at=change_at), settings)
    return WatchedRun(traffic, kafka.connection, BROKER, pace=pace, settings=settings, seed=4)


async def read_all(connection: Connection, topic: str) -> list[Any]:
    consumer = AIOKafkaConsumer(topic, **connection.client_options(), auto_offset_reset="earliest")
    await consumer.start()
    try:
        ends = await consumer.end_offsets(consumer.assignment())
        records: list[Any] = []
        while len(records) < sum(ends.values()):
            for batch in (await consumer.getmany(timeout_ms=200)).values():
                records += batch
        return records
    finally:
        await consumer.stop()


async def test_what_the_router_publishes_is_what_the_summary_counts(kafka: Broker) -> None:
    settings = await prepared(kafka, "simulator-")
    view = Recording()
    run = watched(kafka, settings, Pace(rate=2000, decisions=600), change_at=400)
    numbers = await run.run(view, asyncio.Event())
    records = await read_all(kafka.connection, settings.topic(ROUTING_DECISION))
    decisions = [decode(RoutingDecision, record.value) for record in records]
    outcomes = [
        decode(RoutingOutcome, record.value)
        for record in await read_all(kafka.connection, settings.topic(ROUTING_OUTCOME))
    ]

    assert numbers["decisions"] == len(decisions) == 600
    assert numbers["outcomes"] == len(outcomes) > 600
    assert {record.key.decode() for record in records} == {d.tenant_id for d in decisions}
    assert Counter(d.tenant_id for d in decisions).keys() == {"harbor", "meadow", "summit"}
    assert all(d.propensity == pytest.approx(1 / len(AGENTS)) for d in decisions)  # no policy yet
    reported = {o.decision_id for o in outcomes}
    assert reported < {d.decision_id for d in decisions}
    assert 0.9 < len(reported) / 600 < 1
    assert numbers["first_reward"] == pytest.approx(0.3, abs=0.06)  # what chance earns with these agents
    assert (numbers["dropped"], numbers["dead_letters"], numbers["policies_adopted"]) == (0, 0, 0)
    assert (numbers["changed_at"], numbers["drift_triggers"]) == (400, 0)
    assert [note.kind for note in view.shown[-1].notes] == ["changed"]
    assert view.closed
    assert view.shown[-1].waiting == len(reported)  # nobody makes experiences of them here


async def test_a_published_policy_is_adopted_seen_and_measured(kafka: Broker) -> None:
    settings = await prepared(kafka, "simulator-adopts-")
    stopping = asyncio.Event()
    data = random_policy(AGENTS, seed=1, rows=50, tenant_id="meadow")
    publishing: list[asyncio.Task[None]] = []

    def react(now: Snapshot) -> None:
        if not publishing and now.decisions > 50:
            publishing.append(asyncio.create_task(publish(kafka.connection, settings, data)))
        if now.adopted and now.tenants[1].decisions > 200:
            stopping.set()

    view = Recording(react)
    numbers = await watched(kafka, settings, Pace(rate=300, seconds=60)).run(view, stopping)
    decided = [
        decode(RoutingDecision, record.value)
        for record in await read_all(kafka.connection, settings.topic(ROUTING_DECISION))
    ]

    assert (numbers["policies_published"], numbers["policies_adopted"]) == (1, 1)
    assert 0 <= numbers["publish_to_adopt_s"]["p50"] < 30
    assert [line.version for line in view.shown[-1].tenants] == [None, 1, None]
    assert {d.tenant_id for d in decided if d.slot == "champion"} == {"meadow"}
    assert {d.policy_digest for d in decided} == {None, digest_of(data)}
    assert any(note.kind == "adopted" and note.tenant_id == "meadow" for note in view.shown[-1].notes)


async def test_what_a_check_raises_ends_the_run_in_order(kafka: Broker) -> None:
    settings = await prepared(kafka, "simulator-check-")
    view = Recording()

    def check() -> None:
        if len(view.shown) > 2:
            raise RuntimeError("the worker has ended")

    with pytest.raises(RuntimeError, match="the worker has ended"):
        await watched(kafka, settings, Pace(rate=100, seconds=60)).run(view, asyncio.Event(), check)
    assert view.closed


async def publish(connection: Connection, settings: Settings, data: bytes) -> None:
    update = PolicyUpdate(
        tenant_id="meadow",
        occurred_at=moment_at(time.time()),
        scope="routing",
        slot="champion",
        version=1,
        digest=digest_of(data),
        size_bytes=len(data),
        chunks=1,
        reason="promoted",
        manifest={},
    )
    async with AIOKafkaProducer(**connection.client_options()) as producer:
        artifacts, updates = settings.topic(POLICY_ARTIFACT), settings.topic(POLICY_UPDATED)
        await producer.send_and_wait(artifacts, data, key=chunk_key(update.digest, 0))
        key = policy_key("meadow", "routing", "champion")
        await producer.send_and_wait(updates, encode(update), key=key)
