"""Trains once more from a recorded trigger, and compares what comes out with what was published."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from adapters.artifact_store import ArtifactStore
from signalbox.connection import Connection
from signalbox.errors import ConfigurationError
from signalbox.events import OptimizationTrigger, TrainingResult, decode
from signalbox.names import is_program
from signalbox.policy import digest_of
from signalbox.topics import OPTIMIZATION_TRIGGER
from streams.reading import partitions_of, plain_consumer, records_between
from streams.settings import Settings
from streams.trainer.history import read_history
from streams.trainer.inputs import make_job
from streams.trainer.job import Answer, TrainingJob, attempt, run_job
from streams.trainer.program_inputs import make_program_job
from streams.trainer.program_job import attempt_program, run_program_job

Train = Callable[[TrainingJob], Answer]


@dataclass(frozen=True)
class Comparison:
    """What was answered, and what the same trigger gives now."""

    published: TrainingResult
    again: Answer

    @property
    def digest(self) -> str | None:
        """The digest of the policy that came out now, or that the answer is about."""
        made = self.again.artifact
        return digest_of(made) if made is not None else self.again.result.digest

    @property
    def is_same(self) -> bool:
        """Whether verdict and bytes agree; the bytes of a rejected candidate only where they were named."""
        again = self.again.result
        if (self.published.verdict, self.published.reason) != (again.verdict, again.reason):
            return False
        return self.published.digest is None or self.published.digest == self.digest


async def verify_answer(
    connection: Connection,
    settings: Settings,
    tenant_id: str,
    scope: str,
    trigger_id: str | None = None,
    *,
    run: Train = run_job,
) -> Comparison:
    """Answer a trigger again, without publishing anything; by default that of the newest promotion.

    A program comes out the same where its language model answers the same, as the offline model does. Raises
    `ConfigurationError` where trigger or answer is gone, `Unusable` where retention took its records.
    """
    history = await read_history(connection, settings)
    found = [
        result
        for result in history.of(tenant_id, scope)
        if (result.trigger_id == trigger_id if trigger_id else result.verdict == "promoted")
    ]
    if not found:
        what = f"no answer to trigger {trigger_id!r}" if trigger_id else "no promotion"
        raise ConfigurationError(f"tenant {tenant_id!r}, scope {scope!r}: there is {what}")
    published = found[-1]
    trigger = await find_trigger(connection, settings, published.trigger_id)
    store = ArtifactStore(settings.artifact_url)
    if is_program(scope):
        asked = await make_program_job(connection, settings, store, history.ledger, trigger)
        again = await asyncio.to_thread(attempt_program, run_program_job, asked, lambda _: None)
        return Comparison(published, again)
    job = await make_job(connection, settings, store, history.ledger, trigger, answered=published)
    return Comparison(published, await asyncio.to_thread(attempt, run, job))


async def find_trigger(connection: Connection, settings: Settings, trigger_id: str) -> OptimizationTrigger:
    """The trigger with this id; raises `ConfigurationError` where the topic doesn't hold it (any more)."""
    wanted = trigger_id.encode()
    async with plain_consumer(connection) as consumer:
        partitions = await partitions_of(consumer, [settings.topic(OPTIMIZATION_TRIGGER)])
        starts = await consumer.beginning_offsets(partitions)
        ends = await consumer.end_offsets(partitions)
        for partition in partitions:
            async for record in records_between(consumer, partition, starts[partition], ends[partition]):
                if record.value is not None and wanted in record.value:
                    trigger = decode(OptimizationTrigger, record.value)
                    if trigger.trigger_id == trigger_id:
                        return trigger
    raise ConfigurationError(f"trigger {trigger_id!r} is not on {OPTIMIZATION_TRIGGER}")
