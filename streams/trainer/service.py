"""The trainer's process: reads triggers in a consumer group and answers them one after the other."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from adapters.artifact_store import ArtifactStore
from signalbox.connection import Connection
from signalbox.errors import BrokerUnavailable, InvalidEvent, Retry
from signalbox.events import DeadLetter, OptimizationTrigger, decode, encode, moment_at
from signalbox.names import is_program
from signalbox.topics import DEAD_LETTER, OPTIMIZATION_TRIGGER
from streams.policy_records import Record
from streams.settings import Settings
from streams.trainer.answering import Answering
from streams.trainer.job import Answer, TrainingJob, run_job
from streams.trainer.ledger_reader import LedgerReader
from streams.trainer.program_chain import ProgramChain
from streams.trainer.publication import is_transactional, open_publication, trainer_group
from streams.trainer.training_process import TrainingProcess

log = logging.getLogger(__name__)

SESSION_TIMEOUT_MS = 10_000
LONGEST_TRAINING_MS = 6 * 3_600_000
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0


async def run_trainer(
    connection: Connection,
    settings: Settings,
    *,
    on_ready: Callable[[], None] = lambda: None,
    run: Callable[[TrainingJob], Answer] = run_job,
) -> None:
    """Answer triggers until cancelled; `on_ready` is called once the group has given out partitions."""
    if not is_transactional(settings):
        log.warning("the in-process broker has no transactions: answers are published record by record")
    training, consumer = TrainingProcess(run), trigger_consumer(connection, settings, trainer_group(settings))
    try:
        training.start()
        await consumer.start()
        async with LedgerReader(connection, settings) as reader:
            answering = Answering(
                connection=connection,
                settings=settings,
                store=ArtifactStore(settings.artifact_url),
                reader=reader,
                training=training,
                consumer=consumer,
                group=trainer_group(settings),
                following=ProgramChain(connection, settings).after,
            )
            await reader.catch_up(behind_transactions=False)
            consumer.subscribe([settings.topic(OPTIMIZATION_TRIGGER)], listener=_Assigned(on_ready))
            while True:
                await _handle(answering, await consumer.getone())
    except KafkaError as error:
        raise BrokerUnavailable(
            f"triggers can't be read from {connection.bootstrap_servers}: {type(error).__name__}: {error}"
        ) from error
    finally:
        training.stop()
        await consumer.stop()


def trigger_consumer(connection: Connection, settings: Settings, group: str) -> AIOKafkaConsumer:
    """A consumer of a trainer's, which commits with its answers."""
    return AIOKafkaConsumer(
        **connection.client_options(),
        group_id=group,
        group_instance_id=f"trainer-{settings.instance_id}" if settings.instance_id else None,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        session_timeout_ms=SESSION_TIMEOUT_MS,
        max_poll_interval_ms=LONGEST_TRAINING_MS,
    )


async def _handle(answering: Answering, record: ConsumerRecord) -> None:
    """Answer the trigger in a record, however often the infrastructure gets in the way."""
    partition = TopicPartition(record.topic, record.partition)
    offsets = {partition: record.offset + 1}
    pause_s = FIRST_PAUSE_S
    while partition in answering.consumer.assignment():  # else it is another trainer's to answer
        try:
            try:
                trigger = decode(OptimizationTrigger, record.value)
            except InvalidEvent as error:
                await _bury(answering, record, error)
            else:
                if is_program(trigger.scope):  # those are answered by streams.trainer.program_service
                    await answering.consumer.commit(offsets)
                else:
                    await answering.answer(trigger, offsets)
            return
        except (Retry, KafkaError, OSError) as error:
            log.warning("offset %d: tried again in %.1f s: %s", record.offset, pause_s, error or repr(error))
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


async def _bury(answering: Answering, record: ConsumerRecord, error: InvalidEvent) -> None:
    """Send what is no trigger to the dead letters."""
    log.error("%s/%d/%d is no trigger: %s", record.topic, record.partition, record.offset, error)
    letter = DeadLetter(
        reason=error.reason,  # type: ignore[arg-type]  # the codec's reasons are those of dead letters
        message=str(error),
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        recorded_at=moment_at(record.timestamp / 1000),
        key=record.key,
        value=record.value,
    )
    partition = TopicPartition(record.topic, record.partition)
    name = f"bad-triggers-{record.partition}"
    async with open_publication(
        answering.connection, answering.settings, name, answering.consumer
    ) as publication:
        await publication.publish(
            [Record(DEAD_LETTER, record.key or b"", encode(letter))], {partition: record.offset + 1}
        )


class _Assigned(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    def __init__(self, on_ready: Callable[[], None]) -> None:
        self._on_ready: Callable[[], None] | None = on_ready

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        # Nothing to hand over: whoever owns the partition next reads what was answered before answering.
        pass

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        log.info("triggers come from partitions %s", sorted(each.partition for each in assigned))
        if self._on_ready:
            self._on_ready()
            self._on_ready = None
