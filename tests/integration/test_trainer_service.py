"""The trainer against a real Kafka node, with a training that takes no time."""

from typing import Any

import pytest

from adapters.artifact_store import ArtifactStore
from signalbox.connection import Connection
from signalbox.events import OffsetRange
from signalbox.policy import CHUNK_BYTES, Policy, join
from signalbox.topics import POLICY_ARTIFACT, chunk_key
from streams.settings import Settings
from streams.trainer.rollback import roll_back
from tests.integration.trainer_support import (
    AGENTS,
    experience,
    producer_on,
    read_topic,
    send_experiences,
    send_triggers,
    trainer_on,
    trigger,
    updates_of,
    wait_for_results,
)

pytestmark = pytest.mark.integration


async def artifact_on_kafka(
    connection: Connection, settings: Settings, digest: str
) -> dict[bytes, bytes | None]:
    records = await read_topic(connection, settings, POLICY_ARTIFACT)
    return {record.key: record.value for record in records if record.key.startswith(digest.encode())}


async def test_a_promotion_publishes_policy_bytes_and_answer(
    connection: Connection, settings: Settings
) -> None:
    async with producer_on(connection) as producer, trainer_on(connection, settings):
        where = await send_experiences(producer, settings, [experience(i) for i in range(7)])
        rows = CHUNK_BYTES // 4  # of ten bytes: two chunks and a half
        await send_triggers(producer, settings, [trigger(1, ranges=(where,), configuration={"rows": rows})])
        (answer,) = await wait_for_results(connection, settings, 1)
    assert (answer.verdict, answer.version, answer.trigger_id) == ("promoted", 1, "trigger-1")
    (update,) = await updates_of(connection, settings)
    assert (update.version, update.digest, update.reason, update.chunks) == (1, answer.digest, "promoted", 3)
    assert update.manifest["lineage"]["training_samples"] == 7
    chunks = await artifact_on_kafka(connection, settings, update.digest)
    data = join([chunks[chunk_key(update.digest, i)] for i in range(3)], update.digest)
    assert Policy.load(data).manifest.agents == AGENTS
    assert ArtifactStore(settings.artifact_url).get("acme", update.digest) == data


async def test_only_the_triggers_tenant_is_learned_from(connection: Connection, settings: Settings) -> None:
    mixed = [experience(i, tenant_id="acme" if i % 3 else "globex") for i in range(9)]
    async with producer_on(connection) as producer, trainer_on(connection, settings):
        where = await send_experiences(producer, settings, mixed)
        await send_triggers(producer, settings, [trigger(1, ranges=(where,))])
        await wait_for_results(connection, settings, 1)
    (update,) = await updates_of(connection, settings)
    assert update.manifest["lineage"]["training_samples"] == 6


async def test_a_trigger_that_comes_twice_is_answered_once(connection: Connection, settings: Settings) -> None:
    async with producer_on(connection) as producer:
        async with trainer_on(connection, settings):
            await send_triggers(producer, settings, [trigger(1), trigger(1)])
            await wait_for_results(connection, settings, 1)
        async with trainer_on(connection, settings):
            last = trigger(2, configuration={"verdict": "rejected"}, champion_digest="0" * 64)
            await send_triggers(producer, settings, [trigger(1), last])
            results = await wait_for_results(connection, settings, 2)
    assert [result.trigger_id for result in results] == ["trigger-1", "trigger-2"]
    assert len(await updates_of(connection, settings)) == 1


async def test_a_trigger_for_another_champion_is_stale(connection: Connection, settings: Settings) -> None:
    async with producer_on(connection) as producer, trainer_on(connection, settings):
        await send_triggers(producer, settings, [trigger(1), trigger(2)])
        first, second = await wait_for_results(connection, settings, 2)
        await send_triggers(producer, settings, [trigger(3, champion_digest=first.digest)])
        *_, third = await wait_for_results(connection, settings, 3)
    assert (second.verdict, second.reason) == ("rejected", "stale_champion")
    assert first.digest is not None and first.digest[:12] in second.message
    assert (third.verdict, third.version) == ("promoted", 2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ranges": (OffsetRange(topic="routing-experience", partition=1, start=0, end=9),)}, "it ends at 0"),
        ({"champion_digest": "a" * 64}, ""),
    ],
)
async def test_what_cannot_be_read_is_an_answer(
    connection: Connection, settings: Settings, changes: dict[str, Any], message: str
) -> None:
    async with producer_on(connection) as producer, trainer_on(connection, settings):
        await send_triggers(producer, settings, [trigger(1, **changes)])
        (result,) = await wait_for_results(connection, settings, 1)
    assert result.verdict == ("failed" if message else "rejected")
    assert message in result.message


async def test_deleted_records_are_a_failed_answer(connection: Connection, settings: Settings) -> None:
    async with producer_on(connection) as producer, trainer_on(connection, settings):
        where = await send_experiences(producer, settings, [experience(i) for i in range(5)])
        await delete_records(connection, settings.topic(where.topic), where.partition, before=3)
        await send_triggers(producer, settings, [trigger(1, ranges=(where,))])
        (result,) = await wait_for_results(connection, settings, 1)
    assert result.verdict == "failed"
    assert "retention has deleted all before 3" in result.message


async def test_a_training_that_fails_is_an_answer_and_the_next_goes_on(
    connection: Connection, settings: Settings
) -> None:
    broken = trigger(1, configuration={"raise": "no agent has acted"})
    async with producer_on(connection) as producer, trainer_on(connection, settings):
        await send_triggers(producer, settings, [broken, trigger(2)])
        first, second = await wait_for_results(connection, settings, 2)
    assert (first.verdict, first.reason) == ("failed", "error")
    assert "no agent has acted" in first.message
    assert second.verdict == "promoted"


async def test_a_rollback_during_training_makes_the_candidate_stale(
    connection: Connection, settings: Settings
) -> None:
    async with producer_on(connection) as producer, trainer_on(connection, settings):
        await send_triggers(producer, settings, [trigger(1)])
        (first,) = await wait_for_results(connection, settings, 1)
        await send_triggers(producer, settings, [trigger(2, champion_digest=first.digest)])
        *_, second = await wait_for_results(connection, settings, 2)
        slow = trigger(3, champion_digest=second.digest, configuration={"pause_s": 3})
        await send_triggers(producer, settings, [slow])
        await roll_back(connection, settings, "acme", "routing")
        results = await wait_for_results(connection, settings, 4)
    verdicts = {result.trigger_id: (result.verdict, result.version) for result in results}
    assert verdicts["trigger-3"] == ("rejected", None)
    last = max(await updates_of(connection, settings), key=lambda update: update.version)
    assert (last.digest, last.version, last.reason) == (first.digest, 3, "rollback")


async def delete_records(connection: Connection, topic: str, partition: int, before: int) -> None:
    """What retention does, at once."""
    from aiokafka import TopicPartition
    from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

    admin = AIOKafkaAdminClient(**connection.client_options())
    await admin.start()
    try:
        await admin.delete_records({TopicPartition(topic, partition): RecordsToDelete(before)})
    finally:
        await admin.close()
