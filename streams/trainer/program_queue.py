"""Which triggers of programs wait, which of them a newer one has superseded, and how far may be committed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from aiokafka import TopicPartition

from signalbox.events import OptimizationTrigger


@dataclass
class Waiting:
    """A trigger that has no answer yet; `superseded_by` is the newer one of its scope, if that has come."""

    trigger: OptimizationTrigger
    partition: TopicPartition
    offset: int
    superseded_by: str | None = None
    is_ours: bool = True
    """Its partition may have gone to another trainer."""


@dataclass
class ProgramQueue:
    """What was read and not yet answered, oldest first.

    A newer trigger of a tenant key and a scope supersedes the older ones: it has all of their evidence, and
    more.
    """

    waiting: list[Waiting] = field(default_factory=list)
    _read_to: dict[TopicPartition, int] = field(default_factory=dict)

    def read(self, partition: TopicPartition, offset: int, trigger: OptimizationTrigger | None) -> None:
        """Note the record at `offset`; None where it isn't for us. Reading it again changes nothing."""
        self._read_to[partition] = offset + 1
        if trigger is None or any((w.partition, w.offset) == (partition, offset) for w in self.waiting):
            return
        place = partition, trigger.tenant_key, trigger.scope
        for other in self.waiting:
            # After a rebalance what has its answer already may be read again, behind what came after it.
            is_older = other.offset < offset and other.trigger.trigger_id != trigger.trigger_id
            if is_older and (other.partition, other.trigger.tenant_key, other.trigger.scope) == place:
                other.superseded_by = trigger.trigger_id
        self.waiting.append(Waiting(trigger, partition, offset))

    def next(self) -> Waiting | None:
        """The oldest that waits."""
        return self.waiting[0] if self.waiting else None

    def answered(self, done: Waiting) -> None:
        """Forget it: it has its answer, or it is another trainer's to answer."""
        if done in self.waiting:
            self.waiting.remove(done)

    def keep(self, partitions: Collection[TopicPartition]) -> None:
        """Forget what belongs to any other partition."""
        for each in self.waiting:
            each.is_ours = each.partition in partitions
        self.waiting = [each for each in self.waiting if each.is_ours]
        self._read_to = {place: end for place, end in self._read_to.items() if place in partitions}

    def committable(self, besides: Waiting | None = None) -> dict[TopicPartition, int]:
        """Up to which offset each partition has its answers, if `besides` has its own, too."""
        ends = dict(self._read_to)
        for each in self.waiting:
            if each is not besides:
                ends[each.partition] = min(ends.get(each.partition, each.offset), each.offset)
        return ends
