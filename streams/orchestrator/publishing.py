"""What cycles write: events under their tenant keys, where routers' own events of that key lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from processors.cycles.records import CycleRecord, encode_record
from signalbox.events import Annotation, AnnotationRequest, RoutingDecision, encode
from signalbox.topics import ANNOTATION, ANNOTATION_REQUEST, CYCLE, ROUTING_DECISION, tenant_key
from streams.orchestrator.places import partition_of
from streams.orchestrator.threads import in_thread
from streams.settings import Settings
from streams.worker.output import Output

Published = RoutingDecision | AnnotationRequest | Annotation
Place = tuple[str, int]
"""A topic's whole name and a partition of it."""

TOPIC_OF: Mapping[type[Struct], str] = {
    RoutingDecision: ROUTING_DECISION,
    AnnotationRequest: ANNOTATION_REQUEST,
    Annotation: ANNOTATION,
}


class Publishing:
    """Publishes through the worker's own producer; every method returns when the broker has everything."""

    def __init__(self, settings: Settings, output: Output) -> None:
        self._settings = settings
        self._output = output

    async def events(self, events: Sequence[Published]) -> dict[Place, int]:
        """Write events in order, partition by partition; where each place's last ends."""
        if not events:
            return {}
        placed = await in_thread(lambda: self._placed(events))
        return {place: (await self._output.send(*place, records))[-1] + 1 for place, records in placed.items()}

    async def record(self, key: str, record: CycleRecord) -> None:
        """Write a record of a tenant key to `cycle`."""
        number = partition_of(key, self._settings.partitions)
        await self._output.send(self._settings.topic(CYCLE), number, [(key.encode(), encode_record(record))])

    def _placed(self, events: Sequence[Published]) -> dict[Place, list[tuple[bytes, bytes]]]:
        found: dict[Place, list[tuple[bytes, bytes]]] = {}
        numbers: dict[str, int] = {}
        for event in events:
            shards = self._settings.tenant_shards.get(event.tenant_id, 1)
            key = tenant_key(event.tenant_id, event.decision_id, shards)
            if key not in numbers:
                numbers[key] = partition_of(key, self._settings.partitions)
            place = (self._settings.topic(TOPIC_OF[type(event)]), numbers[key])
            found.setdefault(place, []).append((key.encode(), encode(event)))
        return found
