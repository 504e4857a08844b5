"""The trainer's second loop: it answers the triggers of prompt programs, and reads on while one is trained."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from contextlib import suppress

from aiokafka import ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from adapters.artifact_store import ArtifactStore
from signalbox.connection import Connection
from signalbox.errors import BrokerUnavailable, InvalidEvent, Retry
from signalbox.events import OptimizationTrigger, decode
from signalbox.names import is_program
from signalbox.topics import OPTIMIZATION_TRIGGER
from streams.language_model import language_model_configuration
from streams.settings import Settings
from streams.trainer.answering import Answering
from streams.trainer.ledger_reader import LedgerReader
from streams.trainer.program_inputs import make_program_job
from streams.trainer.program_job import Run, run_program_job
from streams.trainer.program_process import ProgramProcess, superseded
from streams.trainer.program_queue import ProgramQueue, Waiting
from streams.trainer.publication import program_group
from streams.trainer.service import FIRST_PAUSE_S, LONGEST_PAUSE_S, trigger_consumer

log = logging.getLogger(__name__)

POLL_MS = 200


async def run_program_trainer(
    connection: Connection,
    settings: Settings,
    *,
    on_ready: Callable[[], None] = lambda: None,
    run: Run = run_program_job,
) -> None:
    """Answer the triggers of programs until cancelled; a training that runs then is left unanswered.

    Raises `ConfigurationError` where the settings of the language model don't fit together.
    """
    language_model_configuration(settings)
    training = ProgramProcess(run, verbose=settings.log_level == "debug")
    consumer = trigger_consumer(connection, settings, program_group(settings))
    try:
        await consumer.start()
        async with LedgerReader(connection, settings) as reader:
            answering = Answering(
                connection=connection,
                settings=settings,
                store=ArtifactStore(settings.artifact_url),
                reader=reader,
                training=training,
                consumer=consumer,
                group=program_group(settings),
                make=make_program_job,
            )
            await reader.catch_up(behind_transactions=False)
            loop = _Loop(answering, training)
            consumer.subscribe([settings.topic(OPTIMIZATION_TRIGGER)], listener=_Assigned(loop, on_ready))
            await loop.run()
    except KafkaError as error:
        raise BrokerUnavailable(
            f"triggers can't be read from {connection.bootstrap_servers}: {type(error).__name__}: {error}"
        ) from error
    finally:
        await consumer.stop()


class _Loop:
    """Reads, and has one trigger after the other answered."""

    def __init__(self, answering: Answering, training: ProgramProcess) -> None:
        self._answering, self._training, self._queue = answering, training, ProgramQueue()
        self._current: Waiting | None = None
        self._task: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Go on until cancelled."""
        try:
            while True:
                await self._read()
                self._end_what_is_idle()
                if self._task is None or self._task.done():
                    if self._task is not None:
                        self._task.result()  # what it doesn't retry ends the trainer
                    self._current = self._queue.next()
                    self._task = asyncio.create_task(self._answer(self._current)) if self._current else None
        finally:
            if self._task is not None:
                self._task.cancel()
                with suppress(asyncio.CancelledError):
                    await self._task

    def keep(self, partitions: Collection[TopicPartition]) -> None:
        """Forget the triggers of all other partitions: they are another trainer's now."""
        self._queue.keep(partitions)
        if self._current is not None and not self._current.is_ours:
            self._training.stop()

    async def _read(self) -> None:
        batches = await self._answering.consumer.getmany(timeout_ms=POLL_MS)
        for partition, records in batches.items():
            for record in records:
                self._queue.read(partition, record.offset, _program_trigger(record))
        busy = {each.partition for each in self._queue.waiting}
        # The offsets of the others go with their answers.
        free = {place: end for place, end in self._queue.committable().items() if place not in busy}
        done = {place: end for place, end in free.items() if place in batches}
        if done:
            try:
                await self._answering.consumer.commit(done)
            except KafkaError as error:  # such as a rebalance; what isn't committed is only read again
                log.warning("offsets were not committed: %s", error or repr(error))

    def _end_what_is_idle(self) -> None:
        """End a training whose result nobody wants any more."""
        if self._current is not None and self._current.superseded_by is not None:
            self._training.supersede(self._current.superseded_by)

    async def _answer(self, waiting: Waiting) -> None:
        """Answer one trigger, however often the infrastructure gets in the way."""
        pause_s, trigger = FIRST_PAUSE_S, waiting.trigger
        while waiting.is_ours:
            by = waiting.superseded_by
            try:
                offsets = self._queue.committable(waiting)
                known = superseded(trigger, by, "nothing was trained") if by else None
                await self._answering.answer(trigger, {waiting.partition: offsets[waiting.partition]}, known)
                break
            except (Retry, KafkaError, OSError) as error:
                log.warning("trigger %s: tried again in %.1f s: %s", trigger.trigger_id, pause_s, error)
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        self._queue.answered(waiting)


def _program_trigger(record: ConsumerRecord) -> OptimizationTrigger | None:
    """The trigger, if it is one of a program; what is no trigger at all is the other loop's to bury."""
    try:
        trigger = decode(OptimizationTrigger, record.value)
    except InvalidEvent:
        return None
    return trigger if is_program(trigger.scope) else None


class _Assigned(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    def __init__(self, loop: _Loop, on_ready: Callable[[], None]) -> None:
        self._loop = loop
        self._on_ready: Callable[[], None] | None = on_ready

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        # All are revoked before each new sharing out; what comes back goes on as if nothing had been.
        pass

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        log.info("triggers of programs come from partitions %s", sorted(each.partition for each in assigned))
        self._loop.keep(assigned)
        if self._on_ready:
            self._on_ready()
            self._on_ready = None
