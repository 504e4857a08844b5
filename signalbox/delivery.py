"""One round of records to Kafka: grouped into batches, sent, and remembered until acknowledged."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import BrokerResponseError
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.producer.message_accumulator import BatchBuilder
from msgspec import Struct

logger = logging.getLogger(__name__)

MAX_BATCH_BYTES = 512 * 1024
_REFUSALS = 3
"""A new producer mends most refusals (a lost producer id, a new leader); after so many in a row none will."""

_partition_of = DefaultPartitioner()


class Record(Struct, frozen=True, gc=False):
    """A record on its way; `topic` is without its prefix. Without a value it is a tombstone.

    The garbage collector doesn't know of it, so thousands that wait cause no collection.
    """

    topic: str
    key: bytes
    value: bytes | None


class Delivery:
    """The records of the round under way, and how many were delivered or refused for good so far.

    Whole batches are built here, because handing records to aiokafka one by one costs ten times as much.
    """

    def __init__(self) -> None:
        self.unconfirmed: list[Record] = []
        self.delivered = 0
        self.refused = 0
        self._refusals = 0

    async def run(self, producer: AIOKafkaProducer, prefix: str) -> None:
        """Send all of `unconfirmed`; where an error is raised, it holds what has to be sent again.

        With an idempotent producer this waits as long as the broker is away. Records that the broker refused
        several times running are counted as `refused` and given up.
        """
        sent: list[tuple[list[Record], asyncio.Future[object]]] = []
        try:
            for topic, partition, records in await self._by_partition(producer, prefix):
                for part, batch in _batches(producer, records):
                    sent.append((part, await producer.send_batch(batch, topic, partition=partition)))
            await asyncio.wait([future for _, future in sent])
        finally:
            errors = self._confirm(sent)
        if errors:
            self._give_up_on_refused(sent, errors)
            raise errors[0]
        self._refusals = 0

    async def _by_partition(
        self, producer: AIOKafkaProducer, prefix: str
    ) -> list[tuple[str, int, list[Record]]]:
        by_key: dict[tuple[str, bytes], list[Record]] = defaultdict(list)
        for record in self.unconfirmed:
            by_key[record.topic, record.key].append(record)
        by_partition: dict[tuple[str, int], list[Record]] = defaultdict(list)
        for (name, key), records in by_key.items():
            partitions = sorted(await producer.partitions_for(prefix + name))
            by_partition[prefix + name, _partition_of(key, partitions, partitions)] += records
        return [(topic, partition, records) for (topic, partition), records in by_partition.items()]

    def _confirm(self, sent: Sequence[tuple[list[Record], asyncio.Future[object]]]) -> list[BaseException]:
        """Forget what was acknowledged; the errors of the others that have one."""
        confirmed: set[int] = set()
        errors: list[BaseException] = []
        for part, future in sent:
            error = future.exception() if future.done() and not future.cancelled() else None
            if error is not None:
                errors.append(error)
            elif future.done() and not future.cancelled():
                confirmed.update(map(id, part))
        self.unconfirmed = [record for record in self.unconfirmed if id(record) not in confirmed]
        self.delivered += len(confirmed)
        return errors

    def _give_up_on_refused(
        self, sent: Sequence[tuple[list[Record], asyncio.Future[object]]], errors: Sequence[BaseException]
    ) -> None:
        if not all(isinstance(error, BrokerResponseError) and not error.retriable for error in errors):
            return
        self._refusals += 1
        if self._refusals < _REFUSALS:
            return
        refused = {id(record) for part, future in sent if future.exception() for record in part}
        logger.error("Kafka refused %d events for good: %s", len(refused), errors[0])
        self.unconfirmed = [record for record in self.unconfirmed if id(record) not in refused]
        self.refused += len(refused)
        self._refusals = 0


def _batches(
    producer: AIOKafkaProducer, records: Sequence[Record]
) -> Iterator[tuple[list[Record], BatchBuilder]]:
    batch = producer.create_batch()
    part: list[Record] = []
    for record in records:
        if batch.append(timestamp=None, key=record.key, value=record.value) is None:
            yield part, batch
            batch, part = producer.create_batch(), []
            batch.append(timestamp=None, key=record.key, value=record.value)
        part.append(record)
    batch.close()
    yield part, batch
