"""Answers one trigger: once, on its own evidence, and only while its champion is in force."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition

from adapters.artifact_store import ArtifactStore
from processors.training.cards import bundle
from signalbox.connection import Connection
from signalbox.errors import ArtifactError, Unusable
from signalbox.events import OptimizationTrigger
from streams.policies import PolicyLedger
from streams.policy_records import Record
from streams.settings import Settings
from streams.trainer.inputs import load_artifact, make_job
from streams.trainer.job import Answer, TrainingJob, ended, failed, going_on, stale
from streams.trainer.ledger_reader import LedgerReader
from streams.trainer.publication import open_publication, slot_name
from streams.trainer.records import records_of
from streams.trainer.telling import training_fields

log = logging.getLogger(__name__)

MakeJob = Callable[
    [Connection, Settings, ArtifactStore, PolicyLedger, OptimizationTrigger], Awaitable[TrainingJob]
]
Following = Callable[[OptimizationTrigger, Answer, PolicyLedger], Awaitable[list[Record]]]


class Training(Protocol):
    """Where jobs are done."""

    async def train(self, job: Any) -> Answer:
        """The answer to a job; raises `Retry` when it must be tried again."""


async def nothing(trigger: OptimizationTrigger, answer: Answer, ledger: PolicyLedger) -> list[Record]:
    """What follows from most answers."""
    return []


@dataclass(kw_only=True)
class Answering:
    """What is needed to answer triggers; the same for all that one consumer reads.

    `make` gets what a trigger names. `following` is what goes out with the answer of a training.
    """

    connection: Connection
    settings: Settings
    store: ArtifactStore
    reader: LedgerReader
    training: Training
    consumer: AIOKafkaConsumer
    group: str
    make: MakeJob = make_job
    following: Following = nothing

    async def answer(
        self,
        trigger: OptimizationTrigger,
        offsets: Mapping[TopicPartition, int],
        known: Answer | None = None,
    ) -> None:
        """Answer the trigger unless that has been done, and commit `offsets` with the answer.

        Nothing is trained where the answer is `known`. Raises `Retry` when it must be tried again; a second
        call then finds whatever the first one did.
        """
        ledger = await self.reader.catch_up(behind_transactions=False)
        if trigger.trigger_id in ledger.answered:
            log.info("trigger %s: answered already", trigger.trigger_id)
            await self.consumer.commit(dict(offsets))
            return
        started = time.monotonic()
        answer = known or await self._answer(trigger, ledger)
        if answer.artifact is not None:
            self.store.put(trigger.tenant_id, answer.artifact)
        await self._publish(trigger, answer, time.monotonic() - started, offsets)

    async def _answer(self, trigger: OptimizationTrigger, ledger: PolicyLedger) -> Answer:
        known = settled(trigger, ledger)
        if known:
            return known
        try:
            job = await self.make(self.connection, self.settings, self.store, ledger, trigger)
            log.info("trigger %s: %d experiences", trigger.trigger_id, len(job.records))
            answer = await self.training.train(job)
            log.info("training finished", extra=training_fields(job, answer))
            if answer.artifact is not None and job.cards:
                self.store.put(trigger.tenant_id, bundle(job.cards), kind="cards")
            return await self._with_bytes(answer)
        except (Unusable, ArtifactError) as error:
            # What is gone doesn't come back: a trial that can't be judged would go on for ever.
            return ended(trigger, error) if trigger.trial_digest else failed(trigger, error)

    async def _with_bytes(self, answer: Answer) -> Answer:
        """A rollback names its policy only; here are its bytes."""
        result = answer.result
        if result.verdict != "rolled_back" or result.digest is None:
            return answer
        data = await load_artifact(self.connection, self.settings, self.store, result.tenant_id, result.digest)
        return replace(answer, artifact=data)

    async def _publish(
        self,
        trigger: OptimizationTrigger,
        answer: Answer,
        seconds: float,
        offsets: Mapping[TopicPartition, int],
    ) -> None:
        name = slot_name(trigger.tenant_id, trigger.scope)
        async with open_publication(
            self.connection, self.settings, name, self.consumer, self.group
        ) as publication:
            # Only now is the ledger final: before, another trainer or a rollback could still have come first.
            ledger = await self.reader.catch_up()
            if trigger.trigger_id in ledger.answered:
                await self.consumer.commit(dict(offsets))
                return
            settled_before = settled(trigger, ledger)
            records = records_of(self.store, ledger, trigger, settled_before or answer, seconds)
            if settled_before is None:
                records += await self.following(trigger, answer, ledger)
            await publication.publish(records, offsets)
        result = (settled_before or answer).result
        told = {"trigger_id": trigger.trigger_id, "tenant_key": trigger.tenant_key, "scope": trigger.scope}
        log.info("%s, %s: %s", result.verdict, result.reason, result.message, extra=told)


def settled(trigger: OptimizationTrigger, ledger: PolicyLedger) -> Answer | None:
    """The answer to a trigger whose champion or trial isn't what is out now; None where it is."""
    place = (trigger.tenant_id, trigger.scope)
    in_force, on_trial = ledger.champion_digest(*place), ledger.canary_digest(*place)
    if in_force != trigger.champion_digest:
        return stale(trigger, in_force)
    if on_trial == trigger.trial_digest:
        return None
    return ended(trigger) if on_trial is None or trigger.trial_digest else going_on(trigger, on_trial)
