"""Publishing neither waits for Kafka nor fails because of it, and loses nothing in silence."""

import asyncio
import math
import threading
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from aiokafka.errors import KafkaTimeoutError, TopicAuthorizationFailedError
from aiokafka.partitioner import murmur2
from aiokafka.producer.message_accumulator import BatchBuilder
from hypothesis import given, settings
from hypothesis import strategies as st

from signalbox import topics
from signalbox.connection import Connection
from signalbox.delivery import Delivery, Record
from signalbox.errors import ConfigurationError, InvalidEvent
from signalbox.events import AgentCard, Annotation, RoutingDecision, RoutingOutcome, WorkflowExecution
from signalbox.publisher import Publisher

NOWHERE = Connection("127.0.0.1:1")
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def outcome(decision_id: str = "d-1", tenant_id: str = "acme", quality: float = 0.5) -> RoutingOutcome:
    return RoutingOutcome(
        tenant_id=tenant_id, occurred_at=NOON, decision_id=decision_id, search_quality=quality
    )


def decision(**fields: object) -> RoutingDecision:
    given_fields = {"tenant_id": "acme", "occurred_at": NOON, "decision_id": "d-1", "query": "q"} | fields
    return RoutingDecision(candidate_agents=("a",), chosen_agent="a", **given_fields)


@given(limit=st.integers(1, 20), events=st.integers(0, 40))
@settings(max_examples=30)
def test_what_doesn_t_fit_into_the_buffer_is_dropped_and_counted(limit: int, events: int) -> None:
    publisher = Publisher(NOWHERE, buffer_limit=limit)
    taken = [publisher.publish_outcome(outcome(str(i))) for i in range(events)]
    assert taken == [i < limit for i in range(events)]
    assert publisher.counts == (0, max(0, events - limit), min(events, limit))
    publisher.close()
    assert publisher.counts == (0, events, 0)


def test_a_card_that_no_reader_would_accept_is_refused_before_it_is_queued() -> None:
    publisher = Publisher(NOWHERE)
    assert publisher.publish(AgentCard(tenant_id="acme", occurred_at=NOON, agent="a/b"))
    assert publisher.remove_card("acme", "a/b")
    with pytest.raises(InvalidEvent, match="agent"):
        publisher.publish_card(AgentCard(tenant_id="acme", occurred_at=NOON, agent=""))
    for tenant_id, agent in (("Acme", "a"), ("acme", ""), ("acme", "x" * 129)):
        with pytest.raises(InvalidEvent, match="remove_card"):
            publisher.remove_card(tenant_id, agent)
    assert publisher.counts == (0, 0, 2)


def test_counts_are_exact_when_many_threads_publish() -> None:
    publisher = Publisher(NOWHERE, buffer_limit=1000)

    def publish() -> None:
        for i in range(500):
            publisher.publish(outcome(str(i)))

    threads = [threading.Thread(target=publish) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert publisher.counts == (0, 1000, 1000)


def test_a_closed_publisher_drops_and_doesn_t_raise() -> None:
    publisher = Publisher(NOWHERE)
    publisher.close()
    assert publisher.publish_outcome(outcome()) is False
    assert publisher.dropped == 1


async def test_without_kafka_opening_publishing_and_closing_are_uneventful() -> None:
    async with Publisher(NOWHERE, buffer_limit=5) as publisher:
        for i in range(8):
            publisher.publish_outcome(outcome(str(i)))
            await asyncio.sleep(0)
        assert publisher.counts == (0, 3, 5)
        await publisher.stop(timeout_s=0.1)
    assert publisher.counts == (0, 8, 0)


@pytest.mark.parametrize(
    "event",
    [
        outcome(quality=1.5),
        outcome(quality=math.nan),
        outcome(tenant_id="Not A Tenant"),
        RoutingOutcome(tenant_id="acme", occurred_at=NOON, decision_id="d-1"),
        decision(query="half of a pair \ud83d"),
        decision(attributes={"when": object()}),
        decision(query="x" * 9000),
        decision(propensity=0.0),
    ],
)
def test_an_event_that_readers_would_refuse_is_refused_at_once(
    event: RoutingDecision | RoutingOutcome,
) -> None:
    publisher = Publisher(NOWHERE)
    with pytest.raises(InvalidEvent):
        publisher.publish(event)
    assert publisher.counts == (0, 0, 0)


def test_settings_are_checked() -> None:
    with pytest.raises(ConfigurationError, match="buffer_limit"):
        Publisher(NOWHERE, buffer_limit=0)


def test_every_kind_of_event_has_its_topic_and_the_key_of_its_decision() -> None:
    publisher = Publisher(NOWHERE, tenant_shards={"acme": 8})
    workflow = WorkflowExecution(
        tenant_id="acme", occurred_at=NOON, workflow_id="w", query="q", success=True, decision_id="d-1"
    )
    label = Annotation(
        tenant_id="acme",
        occurred_at=NOON,
        decision_id="d-1",
        annotator="judge",
        kind="code",
        label="ambiguous",
    )
    for event in (decision(), outcome(), workflow, label):
        publisher.publish(event)
    records = publisher._outbox.hand_over().unconfirmed
    assert [record.topic for record in records] == [
        topics.ROUTING_DECISION,
        topics.ROUTING_OUTCOME,
        topics.WORKFLOW_EXECUTION,
        topics.ANNOTATION,
    ]
    assert {record.key for record in records} == {topics.tenant_key("acme", "d-1", 8).encode()}


class FakeProducer:
    """Builds real batches; refuses the topics named in `failures` with their errors."""

    def __init__(self, failures: dict[str, Exception] | None = None, partitions: int = 4) -> None:
        self.failures = failures or {}
        self.partitions = partitions
        self.sent: list[tuple[str, int, int]] = []

    async def partitions_for(self, topic: str) -> set[int]:
        return set(range(self.partitions))

    def create_batch(self) -> BatchBuilder:
        return BatchBuilder(400, 0)

    async def send_batch(self, batch: BatchBuilder, topic: str, *, partition: int) -> asyncio.Future[None]:
        future = asyncio.get_running_loop().create_future()
        if topic in self.failures:
            future.set_exception(self.failures[topic])
        else:
            future.set_result(None)
            self.sent.append((topic, partition, batch.record_count()))
        return future


def records(topic: str, tenants: Sequence[str], size: int = 50) -> list[Record]:
    return [Record(topic, tenant.encode(), b"x" * size) for tenant in tenants]


async def test_a_tenant_s_records_share_a_partition_and_full_batches_are_cut() -> None:
    delivery, producer = Delivery(), FakeProducer(partitions=64)
    delivery.unconfirmed = records("t", ["a"] * 10 + ["b"] * 10) + records("t", ["a"], size=5000)
    await delivery.run(producer, "pre.")
    assert (delivery.unconfirmed, delivery.delivered) == ([], 21)
    assert {topic for topic, _, _ in producer.sent} == {"pre.t"}
    assert sum(count for _, _, count in producer.sent) == 21
    # The same partition that Java's and aiokafka's own producers would choose.
    expected = {(murmur2(key) & 0x7FFFFFFF) % 64 for key in (b"a", b"b")}
    assert {partition for _, partition, _ in producer.sent} == expected
    assert len(expected) == 2
    assert len(producer.sent) > 4


async def test_only_what_was_not_acknowledged_is_sent_again() -> None:
    delivery = Delivery()
    delivery.unconfirmed = records("good", ["a"]) + records("bad", ["a", "b"])
    with pytest.raises(KafkaTimeoutError):
        await delivery.run(FakeProducer({"bad": KafkaTimeoutError()}), "")
    assert [record.topic for record in delivery.unconfirmed] == ["bad", "bad"]
    assert delivery.delivered == 1
    await delivery.run(FakeProducer(), "")
    assert (delivery.unconfirmed, delivery.delivered, delivery.refused) == ([], 3, 0)


async def test_what_the_broker_refuses_for_good_is_given_up_and_counted() -> None:
    delivery, producer = Delivery(), FakeProducer({"bad": TopicAuthorizationFailedError("bad")})
    delivery.unconfirmed = records("bad", ["a", "b"]) + records("good", ["a"])
    for _ in range(3):
        with pytest.raises(TopicAuthorizationFailedError):
            await delivery.run(producer, "")
    assert (delivery.unconfirmed, delivery.delivered, delivery.refused) == ([], 1, 2)


async def test_a_broker_that_is_only_slow_is_never_given_up() -> None:
    delivery, producer = Delivery(), FakeProducer({"t": KafkaTimeoutError()})
    delivery.unconfirmed = records("t", ["a"])
    for _ in range(10):
        with pytest.raises(KafkaTimeoutError):
            await delivery.run(producer, "")
    assert (len(delivery.unconfirmed), delivery.refused) == (1, 0)
