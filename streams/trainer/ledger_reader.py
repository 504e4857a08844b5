"""Follows policies, answers and triggers, and knows when it has seen everything."""

from __future__ import annotations

import logging
from collections.abc import Callable
from types import TracebackType
from typing import Self

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from signalbox.connection import Connection
from signalbox.errors import InvalidEvent
from signalbox.events import OptimizationTrigger, PolicyUpdate, TrainingResult, decode
from signalbox.topics import OPTIMIZATION_TRIGGER, POLICY_UPDATED, TRAINING_RESULT
from streams.policies import PolicyLedger
from streams.reading import partitions_of
from streams.settings import Settings

log = logging.getLogger(__name__)


class LedgerReader:
    """Keeps a `PolicyLedger` up to date from the committed records of its topics.

    `on_result` sees every answer with its record, oldest first within a partition.
    """

    def __init__(
        self,
        connection: Connection,
        settings: Settings,
        on_result: Callable[[TrainingResult], None] = lambda result: None,
    ) -> None:
        self.ledger = PolicyLedger()
        self._on_result = on_result
        self._topics = {settings.topic(name): kind for name, kind in _KINDS.items()}
        # `end_offsets` of a read_committed consumer stops before the first open transaction, whoever's it is.
        options = connection.client_options()
        self._plain = AIOKafkaConsumer(**options, enable_auto_commit=False)
        self._committed = AIOKafkaConsumer(
            **options, enable_auto_commit=False, isolation_level="read_committed", fetch_max_wait_ms=50
        )
        self._partitions: list[TopicPartition] = []

    async def __aenter__(self) -> Self:
        try:
            await self._plain.start()
            await self._committed.start()
            self._partitions = await partitions_of(self._committed, self._topics)
            self._committed.assign(self._partitions)
            await self._committed.seek_to_beginning(*self._partitions)
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stop()

    async def catch_up(self, *, behind_transactions: bool = True) -> PolicyLedger:
        """Read up to what lies in the topics now.

        With `behind_transactions` it waits for the transactions that are open now, at most their timeout:
        nothing that was committed before the call is missed. Without, it stops before the first open one.
        """
        source = self._plain if behind_transactions else self._committed
        ends = await source.end_offsets(self._partitions)
        behind = set(self._partitions)
        while behind:
            for partition in list(behind):
                if await self._committed.position(partition) >= ends[partition]:
                    behind.remove(partition)
            if behind:
                for records in (await self._committed.getmany(timeout_ms=20)).values():
                    for record in records:
                        self._apply(record)
        return self.ledger

    def _apply(self, record: ConsumerRecord) -> None:
        if record.value is None:
            self.ledger.end(record.key)
            return
        try:
            event = decode(self._topics[record.topic], record.value)
        except InvalidEvent as error:
            log.error("%s/%s/%s is not ours: %s", record.topic, record.partition, record.offset, error)
            return
        self.ledger.apply(event)
        if isinstance(event, TrainingResult):
            self._on_result(event)

    async def _stop(self) -> None:
        await self._committed.stop()
        await self._plain.stop()


_KINDS: dict[str, type[PolicyUpdate] | type[TrainingResult] | type[OptimizationTrigger]] = {
    POLICY_UPDATED: PolicyUpdate,
    TRAINING_RESULT: TrainingResult,
    OPTIMIZATION_TRIGGER: OptimizationTrigger,
}
