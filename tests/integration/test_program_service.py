"""The trainer's second loop against a real Kafka node, with trainings that take no time."""

import logging
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from signalbox.connection import Connection
from signalbox.events import Annotation, OffsetRange, TrainingResult, encode
from signalbox.topics import ANNOTATION
from streams.settings import Settings
from streams.trainer.publication import program_group
from tests.integration.program_support import (
    SECRET,
    is_alive,
    pid_in,
    program_trainer_on,
    program_trigger,
)
from tests.integration.trainer_support import (
    NOW,
    producer_on,
    results_of,
    send_triggers,
    trainer_on,
    trigger,
    wait_for_results,
)
from tests.integration.worker_support import until

pytestmark = pytest.mark.integration


def by_id(results: list[TrainingResult]) -> dict[str, tuple[str, str]]:
    return {result.trigger_id: (result.verdict, result.reason) for result in results}


async def test_each_loop_answers_its_own_triggers(connection: Connection, settings: Settings) -> None:
    async with producer_on(connection) as producer:
        rejected = {"verdict": "rejected"}
        await send_triggers(producer, settings, [program_trigger(1), trigger(2, configuration=rejected)])
        async with trainer_on(connection, settings):
            assert by_id(await wait_for_results(connection, settings, 1)) == {
                "trigger-2": ("rejected", "not_proven")
            }
        async with program_trainer_on(connection, settings):
            results = await wait_for_results(connection, settings, 2)
    assert {result.trigger_id for result in results} == {"trigger-1/program", "trigger-2"}


async def test_a_newer_trigger_supersedes_the_running_and_the_waiting_ones_of_its_scope(
    connection: Connection, settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "pid"
    running = program_trigger(1, configuration={"pid_file": str(file), "pause_s": 600})
    async with producer_on(connection) as producer, program_trainer_on(connection, settings):
        await send_triggers(producer, settings, [running])
        pid = await pid_in(file)
        others = [program_trigger(i, tenant_id="globex", tenant_key="globex") for i in (2, 3)]
        await send_triggers(producer, settings, [*others, program_trigger(4)])
        results = await wait_for_results(connection, settings, 4)
    found = by_id(results)
    assert found["trigger-1/program"] == ("rejected", "superseded")
    assert found["trigger-2/program"] == ("rejected", "superseded")
    assert found["trigger-3/program"] == found["trigger-4/program"] == ("rejected", "not_proven")
    assert not is_alive(pid)
    message = next(result.message for result in results if result.trigger_id == "trigger-1/program")
    assert "trigger-4/program" in message
    assert "3 of about 90 calls" in message


async def test_cancelling_leaves_the_trigger_unanswered_and_it_is_answered_once_later(
    connection: Connection, settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "pid"
    async with producer_on(connection) as producer:
        async with program_trainer_on(connection, settings):
            wish = {"pid_file": str(file), "pause_s": 600}
            await send_triggers(producer, settings, [program_trigger(1, configuration=wish)])
            pid = await pid_in(file)
        assert not is_alive(pid)
        assert await results_of(connection, settings) == []
        newer = program_trigger(2)
        await send_triggers(producer, settings, [newer])
    for _ in range(2):
        async with program_trainer_on(connection, settings):
            await wait_for_results(connection, settings, 2)
    results = await results_of(connection, settings)
    assert sorted(result.trigger_id for result in results) == ["trigger-1/program", "trigger-2/program"]
    assert by_id(results)["trigger-1/program"] == ("rejected", "superseded")


async def test_nothing_is_committed_past_a_trigger_that_has_no_answer_yet(
    connection: Connection, settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "pid"
    slow = program_trigger(1, configuration={"pid_file": str(file), "pause_s": 2})
    async with producer_on(connection) as producer, program_trainer_on(connection, settings):
        await send_triggers(producer, settings, [trigger(8)])
        await until_committed(connection, settings, 1)
        await send_triggers(producer, settings, [slow, trigger(9)])
        await pid_in(file)
        assert await committed(connection, settings) == 1
        await wait_for_results(connection, settings, 1)
        await send_triggers(producer, settings, [trigger(10)])
        await until_committed(connection, settings, 4)


async def until_committed(connection: Connection, settings: Settings, end: int) -> None:
    async def is_there() -> bool:
        return await committed(connection, settings) == end

    await until(is_there, f"{end} offsets to be committed")


async def committed(connection: Connection, settings: Settings) -> int:
    client = AIOKafkaAdminClient(**connection.client_options())
    await client.start()
    try:
        found = await client.list_consumer_group_offsets(program_group(settings))
    finally:
        await client.close()
    return sum(max(0, each.offset) for each in found.values())


async def test_failures_are_answers_that_quote_nobody(
    connection: Connection,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.INFO)
    raising = program_trigger(1, configuration={"raise": f"can't parse {SECRET}", "prints": SECRET})
    dying = program_trigger(2, tenant_id="globex", tenant_key="globex", configuration={"dies": True})
    async with producer_on(connection) as producer, program_trainer_on(connection, settings):
        await send_triggers(producer, settings, [raising, dying])
        results = await wait_for_results(connection, settings, 2)
    messages = {result.trigger_id: result.message for result in results}
    assert {result.verdict for result in results} == {"failed"}
    assert messages["trigger-1/program"] == "the training raised ValueError"
    assert "died 3 times" in messages["trigger-2/program"]
    out, err = capfd.readouterr()
    assert "3 of about 90 calls" in caplog.text
    assert SECRET not in caplog.text + out + err


async def test_a_training_ends_at_its_time_limit(
    connection: Connection, settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "pid"
    limited = settings.model_copy(update={"program_time_limit_s": 4.0})
    async with producer_on(connection) as producer, program_trainer_on(connection, limited):
        wish = {"pid_file": str(file), "pause_s": 600}
        await send_triggers(producer, settings, [program_trigger(1, configuration=wish)])
        (result,) = await wait_for_results(connection, settings, 1)
        assert not is_alive(await pid_in(file))
    assert (result.verdict, result.reason) == ("failed", "error")
    assert result.message.startswith("The training was ended at its limit of 4 s; ")


async def test_annotations_are_read_from_the_triggers_ranges(
    connection: Connection, settings: Settings
) -> None:
    def annotation(number: int, tenant_id: str = "acme") -> Annotation:
        return Annotation(
            tenant_id=tenant_id,
            occurred_at=NOW,
            decision_id=f"d-{number}",
            annotator="ann",
            kind="human",
            label="correct_routing",
        )

    topic = settings.topic(ANNOTATION)
    async with producer_on(connection) as producer, program_trainer_on(connection, settings):
        values = [
            encode(annotation(0)),
            b"no annotation",
            encode(annotation(1, "globex")),
            encode(annotation(2)),
        ]
        for value in [*values, encode(annotation(3))]:
            await producer.send_and_wait(topic, value, b"acme", partition=1)
        await producer.send_and_wait(topic, encode(annotation(4)), b"globex", partition=1)
        ranges = (OffsetRange(topic=topic, partition=1, start=0, end=4),)
        await send_triggers(producer, settings, [program_trigger(1, ranges=ranges)])
        (result,) = await wait_for_results(connection, settings, 1)
    assert result.message == "2 annotations"
