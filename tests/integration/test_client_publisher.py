"""What a router publishes arrives, in its tenant's partition, also over an outage of the broker."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from adapters.broker import Broker, local_node
from adapters.broker.local_node import LocalKafka, missing
from adapters.broker.ports import free_ports
from signalbox import Connection, Publisher, Router
from signalbox.events import RoutingDecision, RoutingOutcome, decode
from signalbox.topics import ROUTING_DECISION, ROUTING_OUTCOME

pytestmark = pytest.mark.integration

PARTITIONS = 4


async def create_topics(connection: Connection, *names: str) -> None:
    admin = AIOKafkaAdminClient(**connection.client_options())
    await admin.start()
    await admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in names])
    await admin.close()


async def read(connection: Connection, topic: str, count: int, limit_s: float = 30) -> list[tuple[int, bytes]]:
    """The partitions and values of all records, once there are `count`."""
    consumer = AIOKafkaConsumer(topic, **connection.client_options(), auto_offset_reset="earliest")
    await consumer.start()
    found: list[tuple[int, bytes]] = []
    deadline = time.monotonic() + limit_s
    while len(found) < count and time.monotonic() < deadline:
        for tp, records in (await consumer.getmany(timeout_ms=200)).items():
            found += [(tp.partition, record.value) for record in records]
    await consumer.stop()
    return found


async def until(condition: Callable[[], bool], limit_s: float = 30) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        await asyncio.sleep(0.05)


async def test_decisions_and_outcomes_arrive_in_one_partition(kafka: Broker) -> None:
    prefix = "client-publish-"
    topics = (prefix + ROUTING_DECISION, prefix + ROUTING_OUTCOME)
    await create_topics(kafka.connection, *topics)
    shards = {"big": 3}
    partitions: dict[str, set[int]] = {}
    async with Publisher(kafka.connection, prefix, tenant_shards=shards) as publisher:
        for tenant in ("acme", "big"):
            router = Router(publisher, None, tenant, seed=1)
            for i in range(300):
                decision = router.decide(f"query {i}", candidates=["a", "b"])
                router.record_outcome(decision.decision_id, search_quality=0.5)
    assert publisher.counts == (1200, 0, 0)
    for topic, kind in zip(topics, (RoutingDecision, RoutingOutcome), strict=True):
        found = [
            (partition, decode(kind, value)) for partition, value in await read(kafka.connection, topic, 600)
        ]
        assert Counter(event.tenant_id for _, event in found) == {"acme": 300, "big": 300}
        assert len({event.decision_id for _, event in found}) == 600
        for partition, event in found:
            partitions.setdefault(event.decision_id, set()).add(partition)
    assert {len(places) for places in partitions.values()} == {1}


def test_it_serves_code_without_an_event_loop(kafka: Broker) -> None:
    prefix = "client-sync-"
    asyncio.run(create_topics(kafka.connection, prefix + ROUTING_DECISION))
    with Publisher(kafka.connection, prefix) as publisher:
        Router(publisher, None, "acme").decide("q", candidates=["a"])
    assert publisher.counts == (1, 0, 0)
    assert len(asyncio.run(read(kafka.connection, prefix + ROUTING_DECISION, 1))) == 1


async def test_topics_that_come_later_than_the_router_are_waited_for(kafka: Broker) -> None:
    prefix = "client-early-"
    async with Publisher(kafka.connection, prefix) as publisher:
        Router(publisher, None, "acme").decide("q", candidates=["a"])
        await create_topics(kafka.connection, prefix + ROUTING_DECISION)
        await until(lambda: publisher.counts.waiting == 0)
    assert publisher.counts == (1, 0, 0)


@pytest.mark.skipif(missing() is not None, reason=f"a local node needs {missing()}")
async def test_a_broker_that_stops_in_the_middle_raises_nothing_and_drops_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports = free_ports(3)
    monkeypatch.setattr(local_node, "free_ports", lambda count: ports[:count])
    broker = LocalKafka(tmp_path)
    connection = Connection(f"127.0.0.1:{ports[0]}")
    publisher = Publisher(connection, buffer_limit=500)
    router = Router(publisher, None, "acme", seed=1)

    def decide(count: int) -> None:
        for i in range(count):
            router.decide(f"query {i}", candidates=["a", "b"])

    await publisher.start()  # before there is any broker
    decide(50)
    try:
        await asyncio.to_thread(broker.start)
        connection = broker.connection
        await create_topics(connection, ROUTING_DECISION)
        await until(lambda: publisher.counts == (50, 0, 0))
        await asyncio.to_thread(broker.stop)
        decide(450)
        await asyncio.sleep(0.3)  # the producer notices the outage with the events in its hands
        decide(150)
        assert publisher.counts == (50, 100, 500)
        await asyncio.to_thread(broker.start)
        await until(lambda: publisher.counts == (550, 100, 0), limit_s=60)
        found = await read(connection, ROUTING_DECISION, 550)
        assert len({decode(RoutingDecision, value).decision_id for _, value in found}) == 550
        await asyncio.to_thread(broker.stop)
        decide(10)
        async with asyncio.timeout(30):  # it gives up by itself
            await publisher.stop(timeout_s=0.5)
        assert publisher.counts == (550, 110, 0)
    finally:
        await publisher.stop(timeout_s=0)
        await asyncio.to_thread(broker.stop)
