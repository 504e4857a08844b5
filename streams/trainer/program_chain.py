"""The second stage: when a policy was trained, the trigger of a program goes out with the answer."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from aiokafka import TopicPartition

from models.configuration import TrainingConfiguration
from processors.training.program_trigger import ROUTING_PROGRAM, chained
from signalbox.connection import Connection
from signalbox.errors import ConfigurationError
from signalbox.events import OffsetRange, OptimizationTrigger, encode
from signalbox.topics import ANNOTATION, OPTIMIZATION_TRIGGER
from streams.policies import PolicyLedger
from streams.policy_records import Record
from streams.reading import plain_consumer
from streams.settings import Settings
from streams.trainer.job import Answer, trains

log = logging.getLogger(__name__)

ROUTING = "routing"


@dataclass(frozen=True)
class ProgramChain:
    """Says which trigger follows from an answer, if one does.

    One trigger of a program is open at a time, and `program_interval_s` of event time lie between two, unless
    the rewards have changed meanwhile.
    """

    connection: Connection
    settings: Settings

    async def after(self, trigger: OptimizationTrigger, answer: Answer, ledger: PolicyLedger) -> list[Record]:
        """The records to publish with the answer to a trigger that was not settled before its training."""
        if not is_due(self.settings, trigger, answer, ledger):
            return []
        following = following_of(trigger, ledger, await self._annotations(trigger))
        log.info("trigger %s: trigger %s follows", trigger.trigger_id, following.trigger_id)
        return [Record(OPTIMIZATION_TRIGGER, trigger.tenant_key.encode(), encode(following))]

    async def _annotations(self, trigger: OptimizationTrigger) -> list[OffsetRange]:
        """Where the labels lie that have come until now: in the partitions of the decisions' tenant key."""
        topic = self.settings.topic(ANNOTATION)
        if any(each.topic == topic for each in trigger.ranges):
            return []
        async with plain_consumer(self.connection) as consumer:
            found = []
            for number in sorted({each.partition for each in trigger.ranges}):
                place = TopicPartition(topic, number)
                start = (await consumer.beginning_offsets([place]))[place]
                end = (await consumer.end_offsets([place]))[place]
                found.append(OffsetRange(topic=topic, partition=number, start=start, end=end))
        return found


def is_due(settings: Settings, trigger: OptimizationTrigger, answer: Answer, ledger: PolicyLedger) -> bool:
    """Whether a program's trigger follows from an answer."""
    if answer.result.verdict == "failed" or trigger.scope != ROUTING or not trains(trigger):
        return False
    if not wants_program(trigger):
        return False
    last = ledger.programs.last(trigger.tenant_id, ROUTING_PROGRAM)
    if last is None or last.changed_at != trigger.changed_at:
        return True
    age_s = (trigger.occurred_at - last.occurred_at).total_seconds()
    is_open = last.trigger_id not in ledger.answered
    return age_s >= settings.program_interval_s and not (is_open and age_s < settings.trigger_timeout_s)


def following_of(
    trigger: OptimizationTrigger, ledger: PolicyLedger, annotations: Sequence[OffsetRange]
) -> OptimizationTrigger:
    """The trigger of the program that follows from a policy's."""
    champion = ledger.champion_digest(trigger.tenant_id, ROUTING_PROGRAM)
    look = ledger.programs.next_look(trigger.tenant_id, ROUTING_PROGRAM, champion, trigger.changed_at)
    return chained(trigger, annotations, champion, look)


def wants_program(trigger: OptimizationTrigger) -> bool:
    """Whether the worker that made the trigger was told to have programs trained, too.

    A trigger of an earlier version says nothing of programs.
    """
    if "program" not in trigger.configuration:
        return False
    try:
        configuration = TrainingConfiguration.from_dict(trigger.configuration)
    except ConfigurationError as error:
        log.error("trigger %s: %s", trigger.trigger_id, error)
        return False
    return configuration.program.enable_multi_stage and trigger.experiences >= configuration.min_experiences
