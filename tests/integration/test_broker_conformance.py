"""Every kind of broker that this machine can have keeps the same promises."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from adapters.broker import Broker, Kind, choose_broker, container
from signalbox.connection import Connection

pytestmark = pytest.mark.integration

PARTITIONS = 3
TEXTS = [f"message {number}".encode() for number in range(60)]


@contextmanager
def running(kind: Kind, kafka: Broker) -> Iterator[Broker]:
    if kind == "kafka":
        yield kafka
        return
    with choose_broker(kind, kafka.connection if kind == "external" else None) as broker:
        yield broker


@pytest.fixture(params=["external", "kafka", "container", "in-process"])
def broker(request: pytest.FixtureRequest, kafka: Broker) -> Iterator[Broker]:
    if request.param == "container" and (need := container.missing()):
        pytest.skip(f"a container needs {need}")
    with running(request.param, kafka) as broker:
        assert broker.kind == request.param
        yield broker


async def create_topic(broker: Broker, name: str) -> None:
    broker.ensure_topics([name], PARTITIONS)
    if broker.declares_topics:
        admin = AIOKafkaAdminClient(**broker.connection.client_options())
        await admin.start()
        await admin.create_topics([NewTopic(name, PARTITIONS, 1)])
        await admin.close()


async def produce(connection: Connection, topic: str) -> None:
    async with AIOKafkaProducer(**connection.client_options(), enable_idempotence=True) as producer:
        assert await producer.partitions_for(topic) == set(range(PARTITIONS))
        for number, text in enumerate(TEXTS):
            await producer.send(topic, text, partition=number % PARTITIONS)
        await producer.flush()


async def test_what_is_produced_is_consumed_and_its_commit_is_kept(broker: Broker) -> None:
    topic = group = f"conformance-{broker.kind}"
    await create_topic(broker, topic)
    await produce(broker.connection, topic)

    consumer = AIOKafkaConsumer(
        topic,
        **broker.connection.client_options(),
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    async with consumer:
        texts = [(await consumer.getone()).value for _ in TEXTS]
        assert sorted(texts) == sorted(TEXTS)
        await consumer.commit()

    async with AIOKafkaConsumer(**broker.connection.client_options(), group_id=group) as later:
        committed = [await later.committed(TopicPartition(topic, each)) for each in range(PARTITIONS)]
    assert committed == [len(TEXTS) // PARTITIONS] * PARTITIONS


def test_a_started_broker_says_what_it_is(broker: Broker) -> None:
    assert broker.version != "unknown"
    assert broker.declares_topics is (broker.kind != "in-process")
    assert broker.durable is (broker.kind == "external")
    assert broker.connection.bootstrap_servers in repr(broker.connection)


def test_stopping_twice_is_fine_and_starting_again_works(kafka: Broker) -> None:
    broker = choose_broker("in-process")
    for _ in range(2):
        broker.start()
        assert broker.connection.bootstrap_servers
        broker.stop()
        broker.stop()
