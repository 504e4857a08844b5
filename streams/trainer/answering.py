"""Answers one trigger: once, on its own evidence, and only while its champion is in force."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from aiokafka import AIOKafkaConsumer, TopicPartition
from msgspec import structs

from adapters.artifact_store import ArtifactStore
from signalbox.connection import Connection
from signalbox.errors import ArtifactError, Unusable
from signalbox.events import OptimizationTrigger
from streams.policies import PolicyLedger, Record, policy_update, result_record, tombstones, update_records
from streams.settings import Settings
from streams.trainer.job import Answer, TrainingJob, failed, stale
from streams.trainer.ledger_reader import LedgerReader
from streams.trainer.publication import open_publication
from streams.trainer.reading import read_artifact, read_experiences
from streams.trainer.training_process import TrainingProcess

log = logging.getLogger(__name__)


def slot_name(tenant_id: str, scope: str) -> str:
    """The name under which all who change a scope's policy exclude each other."""
    return f"{tenant_id}/{scope}"


@dataclass(kw_only=True)
class Answering:
    """What is needed to answer triggers; the same for all of them."""

    connection: Connection
    settings: Settings
    store: ArtifactStore
    reader: LedgerReader
    training: TrainingProcess
    consumer: AIOKafkaConsumer

    async def answer(self, trigger: OptimizationTrigger, offsets: Mapping[TopicPartition, int]) -> None:
        """Answer the trigger unless that has been done, and commit `offsets` with the answer.

        Raises `Retry` when it must be tried again; a second call then finds whatever the first one did.
        """
        ledger = await self.reader.catch_up(behind_transactions=False)
        if trigger.trigger_id in ledger.answered:
            log.info("trigger %s: answered already", trigger.trigger_id)
            await self.consumer.commit(dict(offsets))
            return
        started = time.monotonic()
        answer = await self._train(trigger, ledger)
        if answer.artifact is not None and answer.result.verdict == "promoted":
            self.store.put(trigger.tenant_id, answer.artifact)
        await self._publish(trigger, answer, time.monotonic() - started, offsets)

    async def _train(self, trigger: OptimizationTrigger, ledger: PolicyLedger) -> Answer:
        in_force = ledger.champion_digest(trigger.tenant_id, trigger.scope)
        if in_force != trigger.champion_digest:
            return stale(trigger, in_force)
        try:
            job = await make_job(self.connection, self.settings, self.store, trigger)
        except (Unusable, ArtifactError) as error:
            return failed(trigger, error)
        log.info("trigger %s: training on %d experiences", trigger.trigger_id, len(job.records))
        return await self.training.train(job)

    async def _publish(
        self,
        trigger: OptimizationTrigger,
        answer: Answer,
        seconds: float,
        offsets: Mapping[TopicPartition, int],
    ) -> None:
        name = slot_name(trigger.tenant_id, trigger.scope)
        async with open_publication(self.connection, self.settings, name, self.consumer) as publication:
            # Only now is the ledger final: before, another trainer or a rollback could still have come first.
            ledger = await self.reader.catch_up()
            if trigger.trigger_id in ledger.answered:
                await self.consumer.commit(dict(offsets))
                return
            in_force = ledger.champion_digest(trigger.tenant_id, trigger.scope)
            if in_force != trigger.champion_digest:
                answer = stale(trigger, in_force)
            records = records_of(self.store, ledger, trigger, answer, seconds)
            await publication.publish(records, offsets)
        result = answer.result
        told = {"trigger_id": trigger.trigger_id, "tenant_key": trigger.tenant_key, "scope": trigger.scope}
        log.info("%s, %s: %s", result.verdict, result.reason, result.message, extra=told)


async def make_job(
    connection: Connection, settings: Settings, store: ArtifactStore, trigger: OptimizationTrigger
) -> TrainingJob:
    """The job that a trigger describes; raises `Unusable` or `ArtifactError` where its parts are gone."""
    records = await read_experiences(connection, settings, trigger)
    champion = None
    if trigger.champion_digest is not None:
        champion = await load_artifact(connection, settings, store, trigger.tenant_id, trigger.champion_digest)
    return TrainingJob(trigger, tuple(records), champion)


async def load_artifact(
    connection: Connection, settings: Settings, store: ArtifactStore, tenant_id: str, digest: str
) -> bytes:
    """The artifact from the archive, else from Kafka; raises `ArtifactError` where neither has it."""
    try:
        data = store.get(tenant_id, digest)
    except ArtifactError as error:
        log.error("%s; the copy on policy-artifact is used", error)
        data = None
    data = data or await read_artifact(connection, settings, digest)
    if data is None:
        raise ArtifactError(f"artifact {digest[:12]} of {tenant_id} is neither archived nor on policy-artifact")
    return data


def records_of(
    store: ArtifactStore, ledger: PolicyLedger, trigger: OptimizationTrigger, answer: Answer, seconds: float
) -> list[Record]:
    """Everything that an answer publishes: for a promotion the policy, and the end of what it supersedes."""
    now = datetime.now(UTC)
    result = structs.replace(answer.result, occurred_at=now, seconds=round(seconds, 3))
    if result.verdict != "promoted" or answer.artifact is None:
        return [result_record(result)]
    version = ledger.next_version(trigger.tenant_id, trigger.scope)
    update = policy_update(
        answer.artifact, version=version, reason="promoted", occurred_at=now, trigger_id=trigger.trigger_id
    )
    return [
        *update_records(update, answer.artifact),
        result_record(structs.replace(result, version=version, digest=update.digest)),
        *ends(store, ledger, trigger.tenant_id, trigger.scope, update.digest),
    ]


def ends(store: ArtifactStore, ledger: PolicyLedger, tenant_id: str, scope: str, digest: str) -> list[Record]:
    """Tombstones for what `digest` supersedes. What isn't archived stays on Kafka, its only place."""
    superseded = ledger.superseded_by(tenant_id, scope, digest)
    sizes = [(old, store.size(tenant_id, old)) for old in sorted(superseded)]
    return tombstones((old, size) for old, size in sizes if size is not None)
