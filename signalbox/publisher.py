"""Hands a router's events to Kafka in the background: at once, bounded, and whatever Kafka does."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from threading import Lock
from typing import NamedTuple

import msgspec
from aiokafka import AIOKafkaProducer

from signalbox import topics
from signalbox.background import Background, Opened, wait_for_event
from signalbox.connection import Connection
from signalbox.delivery import MAX_BATCH_BYTES, Delivery, Record
from signalbox.errors import ConfigurationError, InvalidEvent
from signalbox.events import AgentCard, RoutingDecision, RoutingOutcome, WorkflowExecution, encode
from signalbox.events.fields import AgentName, TenantId

logger = logging.getLogger(__name__)

REQUEST_TIMEOUT_MS = 10_000
_CLOSE_S = 1.0


class PublisherCounts(NamedTuple):
    """Events since the start: acknowledged by Kafka, dropped, and not yet sent."""

    delivered: int
    dropped: int
    waiting: int


class Publisher(Opened):
    """Publishes decisions, outcomes, workflows and agents' cards; every method is safe from any thread.

    Nothing blocks or raises because of Kafka: events wait in a buffer of at most `buffer_limit` and are sent
    every `linger_s` seconds by an idempotent producer in a thread of its own, which keeps trying while Kafka
    is away. What doesn't fit into the buffer is dropped and counted. After a failure an event may be sent
    twice; readers recognise it by its decision id. `tenant_shards` must equal the service's setting.

    Events that wait when the process ends without `close` are lost.
    """

    def __init__(
        self,
        connection: Connection,
        topic_prefix: str = "",
        tenant_shards: Mapping[str, int] | None = None,
        buffer_limit: int = 10_000,
        linger_s: float = 0.1,
    ) -> None:
        if buffer_limit < 1:
            raise ConfigurationError(f"buffer_limit: at least 1, got {buffer_limit}")
        self._options = connection.client_options()
        self._prefix = topic_prefix
        self._shards = dict(tenant_shards or {})
        self._limit = buffer_limit
        self._linger_s = linger_s
        self._lock = Lock()
        self._queue: list[Record] = []
        self._delivery = Delivery()
        self._dropped = 0
        self._dropping = False
        self._closed = False
        self._background = Background("signalbox-publisher", self._work)

    @property
    def counts(self) -> PublisherCounts:
        """What has become of the events so far."""
        with self._lock:
            waiting = len(self._queue) + len(self._delivery.unconfirmed)
            return PublisherCounts(self._delivery.delivered, self._dropped + self._delivery.refused, waiting)

    @property
    def dropped(self) -> int:
        """Events lost, because the buffer was full, Kafka refused them or the publisher was closed."""
        return self.counts.dropped

    def publish_decision(self, decision: RoutingDecision) -> bool:
        """Publish a routing decision; see `publish`."""
        return self._put(topics.ROUTING_DECISION, decision.tenant_id, decision.decision_id, decision)

    def publish_outcome(self, outcome: RoutingOutcome) -> bool:
        """Publish what came of a decision, whole or in part; see `publish`."""
        return self._put(topics.ROUTING_OUTCOME, outcome.tenant_id, outcome.decision_id, outcome)

    def publish_workflow(self, workflow: WorkflowExecution) -> bool:
        """Publish a finished orchestration; see `publish`."""
        spread = workflow.decision_id or workflow.workflow_id
        return self._put(topics.WORKFLOW_EXECUTION, workflow.tenant_id, spread, workflow)

    def publish_card(self, card: AgentCard) -> bool:
        """Publish what is known of an agent, in place of its earlier card; see `publish`."""
        value = _encoded(card)
        return self._put_record(Record(topics.AGENT_CARD, topics.card_key(card.tenant_id, card.agent), value))

    def remove_card(self, tenant_id: str, agent: str) -> bool:
        """Say that an agent has left: routers give it no probability any more; see `publish`."""
        try:
            msgspec.convert((tenant_id, agent), tuple[TenantId, AgentName])
        except msgspec.ValidationError as error:
            raise InvalidEvent("invalid", f"remove_card({tenant_id!r}, {agent!r}): {error}") from None
        return self._put_record(Record(topics.AGENT_CARD, topics.card_key(tenant_id, agent), None))

    def publish(self, event: RoutingDecision | RoutingOutcome | WorkflowExecution | AgentCard) -> bool:
        """Hand over an event; False if it was dropped. Raises `InvalidEvent` if readers would refuse it."""
        if isinstance(event, RoutingDecision):
            return self.publish_decision(event)
        if isinstance(event, RoutingOutcome):
            return self.publish_outcome(event)
        if isinstance(event, AgentCard):
            return self.publish_card(event)
        return self.publish_workflow(event)

    def _put(self, topic: str, tenant_id: str, spread: str, event: msgspec.Struct) -> bool:
        value = _encoded(event)
        key = topics.tenant_key(tenant_id, spread, self._shards.get(tenant_id, 1))
        return self._put_record(Record(topic, key.encode(), value))

    def _put_record(self, record: Record) -> bool:
        with self._lock:
            waiting = len(self._queue) + len(self._delivery.unconfirmed)
            if waiting < self._limit and not self._closed:
                self._queue.append(record)
                self._dropping = False
                return True
            self._dropped += 1
            already, self._dropping = self._dropping, True
        if not already:
            logger.warning("events are being dropped: %s", "closed" if self._closed else "the buffer is full")
        return False

    def open(self) -> None:
        """Start sending; events published before wait in the buffer. Doesn't wait for Kafka."""
        self._background.start()

    def close(self, timeout_s: float = 5.0) -> None:
        """Send what is left, for at most `timeout_s`, and stop; what remains then is counted as dropped."""
        self._background.stop(timeout_s)
        with self._lock:
            self._closed = True
            left = len(self._queue) + len(self._delivery.unconfirmed)
            self._queue.clear()
            self._delivery.unconfirmed = []
            self._dropped += left
        if left:
            logger.warning("%d events were still unsent when the publisher was closed", left)

    async def _work(self, stopping: asyncio.Event) -> None:
        producer = AIOKafkaProducer(
            **self._options,
            acks="all",
            enable_idempotence=True,
            max_batch_size=MAX_BATCH_BYTES,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
        )
        try:
            await producer.start()
            while True:
                self._fill_round()
                if self._delivery.unconfirmed:
                    await self._delivery.run(producer, self._prefix)
                elif stopping.is_set():
                    return
                await wait_for_event(stopping, self._linger_s)
        finally:
            await _close(producer)

    def _fill_round(self) -> None:
        with self._lock:
            self._delivery.unconfirmed += self._queue
            self._queue.clear()


def _encoded(event: msgspec.Struct) -> bytes:
    try:
        return encode(event)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        # Something in `attributes` or `metadata` that JSON can't say, or text that isn't Unicode.
        raise InvalidEvent("invalid", f"{type(event).__name__}: {error}") from None


async def _close(producer: AIOKafkaProducer) -> None:
    # Without a broker aiokafka would wait for its last requests; nothing is lost by not waiting, because
    # what hasn't been acknowledged is kept.
    try:
        await asyncio.wait_for(producer.stop(), _CLOSE_S)
    except TimeoutError:
        logger.debug("the producer's connections were cut")
