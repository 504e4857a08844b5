"""The specification's log fields, of a training on a real Kafka node."""

import logging
from typing import Any

import pytest

from signalbox.connection import Connection
from streams.settings import Settings
from tests.integration.trainer_support import (
    experience,
    producer_on,
    send_experiences,
    send_triggers,
    trainer_on,
    trigger,
    wait_for_results,
)

pytestmark = pytest.mark.integration


async def test_a_finished_training_is_logged_with_the_specifications_fields(
    connection: Connection, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "streams.trainer")
    experiences = [experience(i) for i in range(7)]
    async with producer_on(connection) as producer, trainer_on(connection, settings):
        where = await send_experiences(producer, settings, experiences)
        await send_triggers(producer, settings, [trigger(1, ranges=(where,))])
        await wait_for_results(connection, settings, 1)
    (record,) = [record for record in caplog.records if record.getMessage() == "training finished"]
    told: dict[str, Any] = vars(record)
    assert (told["trigger_id"], told["verdict"], told["experiences_count"]) == ("trigger-1", "promoted", 7)
    assert told["avg_reward"] == pytest.approx(sum(each.reward for each in experiences) / 7, abs=1e-4)
    assert {"optimizer", "training_step", "epsilon"} <= told.keys()
