"""The end of the topics that tell of learning: policies in force and on trial, answers, what waits for one."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass, field

from aiokafka import AIOKafkaConsumer, ConsumerRecord

from signalbox.errors import InvalidEvent
from signalbox.events import OptimizationTrigger, PolicyUpdate, TrainingResult, decode
from signalbox.topics import OPTIMIZATION_TRIGGER, POLICY_UPDATED, TRAINING_RESULT
from streams.policies import PolicyLedger, Slot
from streams.reading import partitions_of
from streams.settings import Settings

log = logging.getLogger(__name__)

LAST_TRIGGERS = 100
LAST_RESULTS = 300
"""Of each partition. More than triggers, so that an answer is among them if its trigger is."""

Event = PolicyUpdate | TrainingResult | OptimizationTrigger
KINDS: dict[str, type[PolicyUpdate] | type[TrainingResult] | type[OptimizationTrigger]] = {
    POLICY_UPDATED: PolicyUpdate,
    TRAINING_RESULT: TrainingResult,
    OPTIMIZATION_TRIGGER: OptimizationTrigger,
}
LAST = {OPTIMIZATION_TRIGGER: LAST_TRIGGERS, TRAINING_RESULT: LAST_RESULTS}


@dataclass
class News:
    """What was found; `results` are in the order of their times."""

    ledger: PolicyLedger = field(default_factory=PolicyLedger)
    results: list[TrainingResult] = field(default_factory=list)
    triggers: dict[tuple[str, str], OptimizationTrigger] = field(default_factory=dict)

    def add(self, event: Event) -> None:
        """Take one record into account; of a scope's triggers, the last counts."""
        if isinstance(event, OptimizationTrigger):
            self.triggers[event.tenant_key, event.scope] = event
            return
        self.ledger.apply(event)
        if isinstance(event, TrainingResult):
            self.results.append(event)

    def outstanding(self) -> list[OptimizationTrigger]:
        """The triggers that wait for their answer."""
        return [
            trigger
            for _, trigger in sorted(self.triggers.items())
            if trigger.trigger_id not in self.ledger.answered
        ]

    def champions(self) -> list[PolicyUpdate]:
        """The policies in force."""
        return self._in("champion")

    def canaries(self) -> list[PolicyUpdate]:
        """The policies on trial, and those out as canaries."""
        return self._in("canary")

    def _in(self, slot: Slot) -> list[PolicyUpdate]:
        return [update for _, update in sorted(self.ledger.in_force.items()) if update.slot == slot]


async def read_news(consumer: AIOKafkaConsumer, settings: Settings, existing: Collection[str]) -> News:
    """All of `policy-updated`, which is compacted, and the end of the other topics, as far as committed."""
    news = News()
    names = {settings.topic(name): name for name in KINDS if settings.topic(name) in existing}
    places = await partitions_of(consumer, names)
    if not places:
        return news
    starts, ends = await consumer.beginning_offsets(places), await consumer.end_offsets(places)
    behind = {place for place in places if ends[place] > starts[place]}
    consumer.assign(list(behind))
    for place in behind:
        last = LAST.get(names[place.topic], ends[place])
        consumer.seek(place, max(starts[place], ends[place] - last))
    while behind:
        for found in (await consumer.getmany(timeout_ms=100)).values():
            for record in found:
                _add(news, names[record.topic], record)
        behind = {place for place in behind if await consumer.position(place) < ends[place]}
    news.results.sort(key=lambda result: (result.occurred_at, result.trigger_id))
    return news


def _add(news: News, name: str, record: ConsumerRecord) -> None:
    if record.value is None:
        news.ledger.end(record.key)
        return
    try:
        news.add(decode(KINDS[name], record.value))
    except InvalidEvent as error:
        log.warning("%s/%s/%s is not ours: %s", record.topic, record.partition, record.offset, error)
