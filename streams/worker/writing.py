"""What a batch gives, in the order in which it must come to lie on Kafka."""

from __future__ import annotations

import logging
from collections.abc import Coroutine
from typing import Any

from processors.changelog import changes
from processors.journal import JournalEntry, encode_entry
from processors.partition import Outputs, Partition
from processors.triggering import triggers
from signalbox import topics
from signalbox.events import encode_trusted
from streams.settings import Settings
from streams.worker.liveness import Liveness
from streams.worker.output import Output

log = logging.getLogger(__name__)

Handed = list[Coroutine[Any, Any, list[int]]]
"""What waits for records under way and gives their offsets; the experiences come first."""


class Writing:
    """Experiences, dead letters and the journal's entry; then triggers; then the state that has seen it all."""

    def __init__(self, settings: Settings, output: Output, liveness: Liveness) -> None:
        self._settings = settings
        self._output = output
        self._liveness = liveness

    async def begin(self, partition: Partition, topic: str, start: int, outputs: Outputs) -> Handed:
        """Hand over what the batch gave; it is on its way when this returns, and written after `finish`."""
        begin, name, number = self._output.begin, self._settings.topic, partition.number
        entry = JournalEntry(
            run=partition.run, batch=partition.batch, topic=topic, start=start, end=partition.cursors[topic]
        )
        refused = ((letter.key, encode_trusted(letter)) for letter in outputs.dead_letters)
        return [
            await begin(name(topics.ROUTING_EXPERIENCE), number, (e[:2] for e in outputs.experiences)),
            await begin(name(topics.DEAD_LETTER), number, refused),
            await begin(name(topics.JOURNAL), number, [(None, encode_entry(entry))]),
        ]

    async def finish(self, partition: Partition, outputs: Outputs, handed: Handed) -> None:
        """Wait for that, then write the triggers that follow, then the state."""
        offsets, *_ = [await each for each in handed]
        partition.published(outputs, offsets)
        await self._trigger(partition)
        self._liveness.check()
        number = partition.number
        records = ((f"{number}/{key}".encode(), value) for key, value in changes(partition).items())
        await self._output.send_atomically(self._settings.changelog_topic, number, records)

    async def _trigger(self, partition: Partition) -> None:
        name = self._settings.topic
        due = triggers(partition, name(topics.ROUTING_EXPERIENCE))
        if due:
            keyed = [(trigger.tenant_key.encode(), encode_trusted(trigger)) for trigger in due]
            await self._output.send(name(topics.OPTIMIZATION_TRIGGER), partition.number, keyed)
        for trigger in due:
            log.info(
                "trigger",
                extra={"tenant": trigger.tenant_id, "scope": trigger.scope, "id": trigger.trigger_id},
            )
