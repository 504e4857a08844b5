"""The trainer on librdkafka's in-process cluster, which has no transactions."""

from pathlib import Path

import pytest

from adapters.broker import choose_broker
from signalbox.events import TrainingResult
from streams.topics import ensure_topics, topic_names
from tests.integration.trainer_support import (
    PARTITIONS,
    producer_on,
    send_triggers,
    settings_for,
    trainer_on,
    trigger,
    updates_of,
    wait_for_results,
)

pytestmark = pytest.mark.integration


async def test_without_transactions_answers_are_published_and_the_log_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    results: list[TrainingResult] = []
    with choose_broker("in-process") as broker:
        connection = broker.connection
        settings = settings_for(connection, tmp_path, "", broker="in-process")
        broker.ensure_topics(topic_names(settings), PARTITIONS)
        await ensure_topics(connection, settings, declares_topics=False)
        async with producer_on(connection) as producer:
            async with trainer_on(connection, settings):
                await send_triggers(producer, settings, [trigger(1), trigger(1)])
                (first,) = await wait_for_results(connection, settings, 1)
            async with trainer_on(connection, settings):
                await send_triggers(producer, settings, [trigger(2, champion_digest=first.digest)])
                results = await wait_for_results(connection, settings, 2)
        updates = await updates_of(connection, settings)
    assert [result.version for result in results] == [update.version for update in updates] == [1, 2]
    assert "the in-process broker has no transactions" in caplog.text
