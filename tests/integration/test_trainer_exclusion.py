"""Two trainers over one trigger, a rollback in between, bad triggers, and what becomes of old artifacts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from adapters.artifact_store import ArtifactStore
from signalbox.connection import Connection
from signalbox.errors import Retry
from signalbox.events import DeadLetter, TrainingResult, decode
from signalbox.topics import DEAD_LETTER, OPTIMIZATION_TRIGGER, POLICY_ARTIFACT
from streams.policies import HISTORY
from streams.policy_records import Record, result_record
from streams.settings import Settings
from streams.trainer.answering import Answering
from streams.trainer.ledger_reader import LedgerReader
from streams.trainer.publication import open_publication
from streams.trainer.reading import read_artifact
from streams.trainer.rollback import roll_back
from streams.trainer.training_process import TrainingProcess
from tests.integration.trainer_support import (
    producer_on,
    read_topic,
    results_of,
    send_triggers,
    train_at_once,
    trainer_on,
    trigger,
    updates_of,
    wait_for_results,
)

pytestmark = pytest.mark.integration


@asynccontextmanager
async def answering_on(connection: Connection, settings: Settings) -> AsyncIterator[Answering]:
    """What a trainer answers with, without its loop."""
    consumer = AIOKafkaConsumer(
        **connection.client_options(), group_id=f"{settings.topic_prefix}trainer", enable_auto_commit=False
    )
    training = TrainingProcess(train_at_once)
    async with AsyncExitStack() as stack:
        stack.callback(training.stop)
        stack.push_async_callback(consumer.stop)
        await consumer.start()
        consumer.assign([TopicPartition(settings.topic(OPTIMIZATION_TRIGGER), 0)])
        reader = await stack.enter_async_context(LedgerReader(connection, settings))
        yield Answering(
            connection=connection,
            settings=settings,
            store=ArtifactStore(settings.artifact_url),
            reader=reader,
            training=training,
            consumer=consumer,
            group=f"{settings.topic_prefix}trainer",
        )


async def insist(answering: Answering, number: int) -> None:
    """Answer a trigger as the service does, again and again."""
    offsets = {TopicPartition(answering.settings.topic(OPTIMIZATION_TRIGGER), 0): number + 1}
    while True:
        try:
            return await answering.answer(trigger(number), offsets)
        except (Retry, KafkaError):
            await asyncio.sleep(0.2)


async def test_of_two_who_answer_at_the_same_time_one_does(connection: Connection, settings: Settings) -> None:
    async with answering_on(connection, settings) as one, answering_on(connection, settings) as other:
        for number in range(5):
            await asyncio.gather(insist(one, number), insist(other, number))
    results = await results_of(connection, settings)
    assert sorted(result.trigger_id for result in results) == [f"trigger-{number}" for number in range(5)]
    assert len(await updates_of(connection, settings)) == 1


async def test_who_was_overtaken_cannot_publish_any_more(connection: Connection, settings: Settings) -> None:
    record = Record(DEAD_LETTER, b"acme", b"{}")
    with pytest.raises(Retry):
        async with open_publication(connection, settings, "acme/routing") as late:
            async with open_publication(connection, settings, "acme/routing") as quick:
                await quick.publish([record], {})
            await late.publish([record, record], {})
    assert len(await read_topic(connection, settings, DEAD_LETTER)) == 1


async def test_an_open_transaction_of_another_hides_nothing(connection: Connection, settings: Settings) -> None:
    """A committed answer may lie behind somebody's open transaction, where read_committed ends."""
    hanging = open_publication(connection, settings, "globex/routing")
    async with LedgerReader(connection, settings) as reader:
        publication = await hanging.__aenter__()
        producer = publication._producer  # type: ignore[attr-defined]  # half a publication, as a crash leaves it
        await producer.begin_transaction()
        await producer.send_and_wait(settings.topic("training-result"), b"{}", b"acme")
        async with open_publication(connection, settings, "acme/routing") as other:
            answer = TrainingResult(
                tenant_id="acme",
                occurred_at=trigger(1).occurred_at,
                trigger_id="trigger-1",
                tenant_key="acme",
                scope="routing",
                verdict="failed",
                reason="error",
                message="",
            )
            await other.publish([result_record(answer)], {})
        assert (await reader.catch_up(behind_transactions=False)).answered == set()
        waiting = asyncio.create_task(reader.catch_up())
        await asyncio.sleep(0.5)
        assert not waiting.done()
        await producer.abort_transaction()
        assert (await waiting).answered == {"trigger-1"}
        await hanging.__aexit__(None, None, None)


async def test_what_is_no_trigger_becomes_a_dead_letter(connection: Connection, settings: Settings) -> None:
    async with producer_on(connection) as producer, trainer_on(connection, settings):
        topic = settings.topic(OPTIMIZATION_TRIGGER)
        await producer.send_and_wait(topic, b"{broken", b"acme")
        await send_triggers(producer, settings, [trigger(1)])
        (result,) = await wait_for_results(connection, settings, 1)
    assert result.verdict == "promoted"
    (record,) = await read_topic(connection, settings, DEAD_LETTER)
    letter = decode(DeadLetter, record.value)
    assert (letter.reason, letter.value, letter.offset) == ("not_json", b"{broken", 0)


async def test_old_artifacts_end_and_a_rollback_brings_one_back(
    connection: Connection, settings: Settings
) -> None:
    digests: list[str] = []
    async with producer_on(connection) as producer, trainer_on(connection, settings):
        for number in range(HISTORY + 2):
            champion = digests[-1] if digests else None
            await send_triggers(producer, settings, [trigger(number, champion_digest=champion)])
            results = await wait_for_results(connection, settings, number + 1)
            digests.append(next(r.digest for r in results if r.trigger_id == f"trigger-{number}") or "")
    ended = {
        record.key.decode().partition("/")[0]
        for record in await read_topic(connection, settings, POLICY_ARTIFACT)
        if record.value is None
    }
    assert ended == set(digests[:2])
    assert await read_artifact(connection, settings, digests[0]) is None
    result = await roll_back(connection, settings, "acme", "routing", to="1")
    assert (result.digest, result.version, result.verdict) == (digests[0], HISTORY + 3, "rolled_back")
    assert await read_artifact(connection, settings, digests[0]) is not None
