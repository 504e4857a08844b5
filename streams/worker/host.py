"""Partitions in memory: recovered when assigned, changed batch by batch, written before acknowledged."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, MutableMapping
from typing import Literal
from uuid import uuid4

from processors.changelog import changes, recover
from processors.dead_letters import DeadLetterLimit
from processors.intake import SourceRecord
from processors.journal import JournalEntry, encode_entry
from processors.partition import Outputs, Partition
from processors.policies import Policies
from processors.triggering import triggers
from signalbox import topics
from signalbox.events import encode_trusted
from streams.settings import Settings
from streams.worker.catch_up import CatchUp
from streams.worker.liveness import Liveness
from streams.worker.output import Output

log = logging.getLogger(__name__)


class PartitionHost:
    """All partitions that this worker owns.

    `recovered` is the Faust table's data: records of the changelog, their keys behind a partition number. It
    is emptied into partitions as they are assigned; from then on the state lives there.
    """

    def __init__(
        self,
        settings: Settings,
        policies: Policies,
        output: Output,
        catch_up: CatchUp,
        liveness: Liveness,
        recovered: MutableMapping[bytes, bytes],
    ) -> None:
        self._settings = settings
        self._policies = policies
        self._output = output
        self._catch_up = catch_up
        self._empty_until: dict[tuple[str, int], int] = {}
        self._liveness = liveness
        self._recovered = recovered
        self._limit = DeadLetterLimit(settings.dead_letter_limit)
        self._locks: dict[int, asyncio.Lock] = {}
        self._standing: Literal["at work", "suspended", "failed"] = "at work"
        self.written: dict[tuple[str, int], int] = {}
        """The offset up to which a source topic's partition is applied and the state after it is written."""
        self.partitions: dict[int, Partition] = {}

    async def apply(self, topic: str, number: int, batch: list[SourceRecord]) -> Outputs:
        """Apply a batch and return when everything that it gave, and the state after it, is written.

        While the host is suspended, and after a failure, it does nothing: the log still has the batch.
        """
        self._liveness.check()
        # Batches of the source topics share the partition's state; one must be written before the next begins,
        # or an older state could come to lie after a newer one.
        async with self._locks.setdefault(number, asyncio.Lock()):
            if self._standing != "at work" or number not in self.partitions:
                return Outputs()
            try:
                return await self._apply(topic, number, batch)
            except BaseException:
                # State has changed that isn't written; nothing may be written on top of it.
                self._standing = "failed"
                raise

    def cursor(self, topic: str, number: int) -> int:
        """The offset up to which a topic's records of an owned partition were applied."""
        return max(self.partitions[number].cursors.get(topic, 0), self._empty_until.get((topic, number), 0))

    def nothing_before(self, topic: str, number: int, offset: int) -> None:
        """Note that between the cursor and `offset` there are no records, only marks of transactions."""
        self._empty_until[topic, number] = offset

    async def suspend(self) -> None:
        """Begin no further batch and wait for those that are being written: partitions may be taken away."""
        if self._standing == "at work":
            self._standing = "suspended"
        for lock in list(self._locks.values()):
            async with lock:
                pass

    def assign(self, numbers: Iterable[int]) -> None:
        """Recover newly assigned partitions and let go of those that were taken away."""
        if self._standing == "suspended":
            self._standing = "at work"
        assigned = set(numbers)
        for number in self.partitions.keys() - assigned:
            del self.partitions[number]
        kept = set(self.partitions)
        for number in assigned - kept:
            self._recover(number)
        # Faust reads the tail of kept partitions' changelogs again at every rebalance; it says nothing new.
        if kept:
            for key in [k for k in self._recovered if int(k.partition(b"/")[0]) in kept]:
                del self._recovered[key]

    def _recover(self, number: int) -> None:
        prefix = f"{number}/".encode()
        keys = [key for key in self._recovered if key.startswith(prefix)]
        records = {key[len(prefix) :].decode(): self._recovered.pop(key) for key in keys}
        partition = recover(number, self._policies, uuid4().hex[:12], records)
        self.partitions[number] = partition
        log.info(
            "partition recovered",
            extra={"partition": number, "records": len(records), "batch": partition.batch},
        )

    async def _apply(self, topic: str, number: int, batch: list[SourceRecord]) -> Outputs:
        partition = self.partitions[number]
        start = self.cursor(topic, number)
        if batch[0].offset > start:
            missing = await self._catch_up.read(topic, number, start, batch[0].offset)
            batch = [*missing, *batch]
        outputs = partition.apply(topic, batch)
        if outputs.applied:
            await self._write(partition, topic, start, outputs)
        self.written[self._name(topic), number] = partition.cursors.get(topic, 0)
        return outputs

    async def _write(self, partition: Partition, topic: str, start: int, outputs: Outputs) -> None:
        """Everything that the batch gave, then its triggers, then the state that says it was applied."""
        send, number = self._output.send, partition.number
        entry = JournalEntry(
            run=partition.run, batch=partition.batch, topic=topic, start=start, end=partition.cursors[topic]
        )
        offsets, _, _ = await asyncio.gather(
            send(self._name(topics.ROUTING_EXPERIENCE), number, (e[:2] for e in outputs.experiences)),
            send(
                self._name(topics.DEAD_LETTER),
                number,
                ((d.key, encode_trusted(d)) for d in outputs.dead_letters),
            ),
            send(self._name(topics.JOURNAL), number, [(None, encode_entry(entry))]),
        )
        partition.published(outputs, offsets)
        due = triggers(partition, self._name(topics.ROUTING_EXPERIENCE))
        if due:
            keyed = [(trigger.tenant_key.encode(), encode_trusted(trigger)) for trigger in due]
            await send(self._name(topics.OPTIMIZATION_TRIGGER), number, keyed)
            for trigger in due:
                log.info(
                    "trigger",
                    extra={"tenant": trigger.tenant_id, "scope": trigger.scope, "id": trigger.trigger_id},
                )
        self._liveness.check()
        records = ((f"{number}/{key}".encode(), value) for key, value in changes(partition).items())
        await self._output.send_atomically(self._settings.changelog_topic, number, records)
        last = outputs.dead_letters[-1].message if outputs.dead_letters else ""
        self._limit.count(outputs.applied, len(outputs.dead_letters), last)

    def _name(self, topic: str) -> str:
        return self._settings.topic(topic)
