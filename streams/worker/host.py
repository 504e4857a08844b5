"""Partitions in memory: recovered when assigned, changed batch by batch, written before acknowledged."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable, MutableMapping
from typing import Literal
from uuid import uuid4

from processors.changelog import recover
from processors.cycles.order import Order
from processors.dead_letters import DeadLetterLimit
from processors.intake import SourceRecord
from processors.partition import Outputs, Partition
from processors.policies import Policies
from streams.settings import Settings
from streams.worker.catch_up import CatchUp
from streams.worker.liveness import Liveness
from streams.worker.output import Output
from streams.worker.writing import Writing

log = logging.getLogger(__name__)

TURNS_TO_SEND = 4
"""So many turns of the event loop take a batch from the producer's queue to the socket."""


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
        self.policies = policies
        self._settings = settings
        self._writing = Writing(settings, output, liveness)
        self._catch_up = catch_up
        self._empty_until: dict[tuple[str, int], int] = {}
        self._liveness = liveness
        self._recovered = recovered
        self._limit = DeadLetterLimit(settings.dead_letter_limit)
        self._locks: dict[int, asyncio.Lock] = {}
        self._turn = asyncio.Lock()
        self.standing: Literal["at work", "suspended", "failed"] = "suspended"
        self.dead_letters: Counter[str] = Counter()
        """How many this process has written, by reason."""
        self.on_orders: Callable[[list[Order]], None] = lambda _: None
        """Takes the cycles that a batch ordered, once the state that knows of them is written."""
        self.on_assigned: Callable[[], None] = lambda: None
        """Called when `partitions` are those that this worker owns now."""
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
            if self.standing != "at work" or number not in self.partitions:
                return Outputs()
            try:
                return await self._apply(topic, number, batch)
            except BaseException:
                # State has changed that isn't written; nothing may be written on top of it.
                self.standing = "failed"
                raise

    def cursor(self, topic: str, number: int) -> int:
        """The offset up to which a topic's records of an owned partition were applied."""
        return max(self.partitions[number].cursors.get(topic, 0), self._empty_until.get((topic, number), 0))

    def nothing_before(self, topic: str, number: int, offset: int) -> None:
        """Note that between the cursor and `offset` there are no records, only marks of transactions."""
        self._empty_until[topic, number] = offset

    async def suspend(self) -> None:
        """Begin no further batch and wait for those that are being written: partitions may be taken away."""
        if self.standing == "at work":
            self.standing = "suspended"
        for lock in list(self._locks.values()):
            async with lock:
                pass

    def assign(self, numbers: Iterable[int]) -> None:
        """Recover newly assigned partitions and let go of those that were taken away."""
        if self.standing == "suspended":
            self.standing = "at work"
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
        self.on_assigned()

    def _recover(self, number: int) -> None:
        prefix = f"{number}/".encode()
        keys = [key for key in self._recovered if key.startswith(prefix)]
        records = {key[len(prefix) :].decode(): self._recovered.pop(key) for key in keys}
        partition = recover(number, self.policies, uuid4().hex[:12], records)
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
        async with self._turn:
            outputs = partition.apply(topic, batch)
            handed = await self._writing.begin(partition, topic, start, outputs) if outputs.applied else None
            # A batch keeps the event loop for milliseconds. Before the next one does, this one's records are to
            # be on their way: else worker and broker would take turns instead of working at the same time.
            for _ in range(TURNS_TO_SEND):
                await asyncio.sleep(0)
        if handed is not None:
            await self._writing.finish(partition, outputs, handed)
            last = outputs.dead_letters[-1].message if outputs.dead_letters else ""
            self.dead_letters.update(letter.reason for letter in outputs.dead_letters)
            if outputs.orders:
                self.on_orders(outputs.orders)
            self._limit.count(outputs.applied, len(outputs.dead_letters), last)
        self.written[self._settings.topic(topic), number] = partition.cursors.get(topic, 0)
        return outputs
