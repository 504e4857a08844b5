"""Hands a router's events to Kafka in the background: at once, bounded, and whatever Kafka does."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

import msgspec
from aiokafka import AIOKafkaProducer

from signalbox import topics
from signalbox.background import Background, wait_for_event
from signalbox.connection import Connection
from signalbox.delivery import MAX_BATCH_BYTES, Record
from signalbox.errors import ConfigurationError, InvalidEvent
from signalbox.events import AgentCard, Annotation, RoutingDecision, RoutingOutcome, WorkflowExecution, encode
from signalbox.events.fields import AgentName, TenantId
from signalbox.opened import Opened
from signalbox.outbox import Outbox, PublisherCounts

logger = logging.getLogger(__name__)

REQUEST_TIMEOUT_MS = 10_000
_CLOSE_S = 1.0


class Publisher(Opened):
    """Publishes decisions, outcomes, workflows, labels and agents' cards; every method is safe from any thread.

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
        self._linger_s = linger_s
        self._outbox = Outbox(buffer_limit)
        self._background = Background("signalbox-publisher", self._work)

    @property
    def counts(self) -> PublisherCounts:
        """What has become of the events so far."""
        return self._outbox.counts

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

    def publish_annotation(self, annotation: Annotation) -> bool:
        """Publish a label on a decision, in place of its annotator's earlier one; see `publish`."""
        return self._put(topics.ANNOTATION, annotation.tenant_id, annotation.decision_id, annotation)

    def publish_card(self, card: AgentCard) -> bool:
        """Publish what is known of an agent, in place of its earlier card; see `publish`."""
        key = topics.card_key(card.tenant_id, card.agent)
        return self._outbox.put(Record(topics.AGENT_CARD, key, _encoded(card)))

    def remove_card(self, tenant_id: str, agent: str) -> bool:
        """Say that an agent has left: routers give it no probability any more; see `publish`."""
        try:
            msgspec.convert((tenant_id, agent), tuple[TenantId, AgentName])
        except msgspec.ValidationError as error:
            raise InvalidEvent("invalid", f"remove_card({tenant_id!r}, {agent!r}): {error}") from None
        return self._outbox.put(Record(topics.AGENT_CARD, topics.card_key(tenant_id, agent), None))

    def publish(
        self, event: RoutingDecision | RoutingOutcome | WorkflowExecution | Annotation | AgentCard
    ) -> bool:
        """Hand over an event; False if it was dropped. Raises `InvalidEvent` if readers would refuse it."""
        if isinstance(event, RoutingDecision):
            return self.publish_decision(event)
        if isinstance(event, RoutingOutcome):
            return self.publish_outcome(event)
        if isinstance(event, AgentCard):
            return self.publish_card(event)
        if isinstance(event, Annotation):
            return self.publish_annotation(event)
        return self.publish_workflow(event)

    def _put(self, topic: str, tenant_id: str, spread: str, event: msgspec.Struct) -> bool:
        key = topics.tenant_key(tenant_id, spread, self._shards.get(tenant_id, 1))
        return self._outbox.put(Record(topic, key.encode(), _encoded(event)))

    def open(self) -> None:
        """Start sending; events published before wait in the buffer. Doesn't wait for Kafka."""
        self._background.start()

    def close(self, timeout_s: float = 5.0) -> None:
        """Send what is left, for at most `timeout_s`, and stop; what remains then is counted as dropped."""
        self._background.stop(timeout_s)
        self._outbox.close()

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
                delivery = self._outbox.hand_over()
                if delivery.unconfirmed:
                    await delivery.run(producer, self._prefix)
                elif stopping.is_set():
                    return
                await wait_for_event(stopping, self._linger_s)
        finally:
            await _close(producer)


def _encoded(event: msgspec.Struct) -> bytes:
    try:
        return encode(event)
    except RecursionError as error:  # `attributes` or `metadata` nest just below Python's own limit
        raise InvalidEvent("invalid", f"{type(event).__name__}: {error}") from None


async def _close(producer: AIOKafkaProducer) -> None:
    # Without a broker aiokafka would wait for its last requests; nothing is lost by not waiting, because
    # what hasn't been acknowledged is kept.
    try:
        await asyncio.wait_for(producer.stop(), _CLOSE_S)
    except TimeoutError:
        logger.debug("the producer's connections were cut")
