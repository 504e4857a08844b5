"""Reads `agent-card` from its start and keeps what it says of one tenant's agents."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from threading import Event

from aiokafka import AIOKafkaConsumer, TopicPartition

from signalbox import topics
from signalbox.background import Background, notify
from signalbox.cards import CardBook, Cards
from signalbox.connection import Connection
from signalbox.errors import Retry
from signalbox.names import checked_tenant
from signalbox.opened import Opened

POLL_MS = 200


class CardFeed(Opened):
    """Follows the cards of `tenant_id`'s agents; `current` may be read from any thread.

    The topic's history comes as one snapshot, later changes one by one. A record that isn't a card is refused
    and counted by reason in `refused`. `on_change` is called in the feed's thread with each new snapshot.
    """

    def __init__(
        self,
        connection: Connection,
        tenant_id: str,
        topic_prefix: str = "",
        *,
        on_change: Callable[[Cards], None] | None = None,
    ) -> None:
        self._options = connection.client_options()
        self._topic = topic_prefix + topics.AGENT_CARD
        self._book = CardBook(checked_tenant(tenant_id))
        self._on_change = on_change
        self._ready = Event()
        self._background = Background("signalbox-cards", self._work)

    @property
    def current(self) -> Cards:
        """What is known now; nothing before the topic's history was read."""
        return self._book.current

    @property
    def refused(self) -> Counter[str]:
        """How many records were refused, by reason."""
        return self._book.refused

    def wait_ready(self, timeout_s: float) -> bool:
        """Whether the topic's history was read, after waiting for it at most `timeout_s`; blocks."""
        return self._ready.wait(timeout_s)

    def open(self) -> None:
        """Start reading; doesn't wait for Kafka."""
        self._background.start()

    def close(self, timeout_s: float = 5.0) -> None:
        """Stop reading; what is known stays so."""
        self._background.stop(timeout_s)

    async def _work(self, stopping: asyncio.Event) -> None:
        if stopping.is_set():
            return
        consumer = AIOKafkaConsumer(
            self._topic,
            **self._options,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            fetch_max_wait_ms=POLL_MS,
        )
        try:
            await consumer.start()
            await self._read(consumer, stopping)
        finally:
            await consumer.stop()

    async def _read(self, consumer: AIOKafkaConsumer, stopping: asyncio.Event) -> None:
        assigned = consumer.assignment()
        ends: dict[TopicPartition, int] = await consumer.end_offsets(assigned)
        waiting: list[tuple[bytes | None, bytes | None]] = []
        while not stopping.is_set():
            if consumer.assignment() != assigned:
                raise Retry("another partition has come")
            batch = await consumer.getmany(timeout_ms=POLL_MS)
            waiting += [(record.key, record.value) for records in batch.values() for record in records]
            # A part of the history would show agents as they were once.
            ends = {tp: end for tp, end in ends.items() if await consumer.position(tp) < end}
            if not ends:
                self._apply(waiting)
                waiting = []
                if assigned:
                    self._ready.set()

    def _apply(self, records: list[tuple[bytes | None, bytes | None]]) -> None:
        if self._book.apply(records) and self._on_change:
            notify(self._on_change, self._book.current)
