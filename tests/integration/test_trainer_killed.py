"""A trainer process that is killed again and again answers every trigger, and none twice."""

import asyncio
import random
import signal
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest

from adapters.broker import Broker
from signalbox.connection import Connection
from signalbox.events import OptimizationTrigger, PolicyUpdate, decode
from signalbox.policy import unpack
from signalbox.topics import POLICY_UPDATED
from streams.settings import Settings, child_environment
from streams.topics import ensure_topics
from streams.trainer.reading import read_artifact
from tests.integration.trainer_support import (
    producer_on,
    read_topic,
    results_of,
    send_triggers,
    settings_for,
    trigger,
    wait_for_results,
)

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
KILLS = 6


class TrainerProcess:
    """A real trainer in a process of its own, with the training of `trainer_support`."""

    def __init__(self, settings: Settings) -> None:
        self._environment = child_environment(
            bootstrap_servers=settings.bootstrap_servers,
            topic_prefix=settings.topic_prefix,
            partitions=settings.partitions,
            data_folder=settings.data_folder,
            instance_id="one",
        ) | {"PYTHONPATH": str(ROOT)}
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.integration.trainer_support",
            env=self._environment,
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )

    async def wait_until_ready(self) -> None:
        assert self._process is not None and self._process.stdout is not None
        async with asyncio.timeout(60):
            assert await self._process.stdout.readline() == b"trainer ready\n"

    async def stop(self, number: signal.Signals) -> int:
        assert self._process is not None
        with suppress(ProcessLookupError):
            self._process.send_signal(number)
        async with asyncio.timeout(20):
            return await self._process.wait()


def some_triggers() -> list[OptimizationTrigger]:
    """Promotions of forty tenants, and two hundred rejections: each takes some of the trainer's time."""
    promotions = [
        trigger(i, tenant_id=f"tenant-{i}", tenant_key=f"tenant-{i}", configuration={"rows": 40_000})
        for i in range(40)
    ]
    rejections = [trigger(i, configuration={"verdict": "rejected", "pause_s": 0.01}) for i in range(40, 240)]
    mixed = promotions + rejections
    random.Random(3).shuffle(mixed)
    return mixed


@pytest.fixture
async def settings(kafka: Broker, tmp_path: Path) -> Settings:
    settings = settings_for(kafka.connection, tmp_path, f"k{uuid4().hex[:8]}-")
    await ensure_topics(kafka.connection, settings)
    return settings


async def test_killed_at_any_moment_no_trigger_is_answered_twice_and_none_is_lost(
    kafka: Broker, settings: Settings
) -> None:
    connection, triggers, chance = kafka.connection, some_triggers(), random.Random(7)
    async with producer_on(connection) as producer:
        await send_triggers(producer, settings, triggers)
    trainer = TrainerProcess(settings)
    answered_before_last = 0
    for kill in range(KILLS):
        await trainer.start()
        if kill % 3:  # otherwise while it starts, with what it left behind
            await trainer.wait_until_ready()
        await asyncio.sleep(chance.uniform(0.1, 2.5))
        await trainer.stop(signal.SIGKILL)
        answered_before_last = len(await results_of(connection, settings))
    await trainer.start()
    results = await wait_for_results(connection, settings, len(triggers), timeout_s=120)
    assert await trainer.stop(signal.SIGTERM) == 0
    assert 0 < answered_before_last < len(triggers)  # the kills came while there was work
    results = await results_of(connection, settings)
    assert Counter(result.trigger_id for result in results) == {each.trigger_id: 1 for each in triggers}
    await check_policies(connection, settings, [result.digest for result in results if result.digest])


async def check_policies(connection: Connection, settings: Settings, digests: list[str]) -> None:
    """Every promotion was published once, with bytes that a router can load."""
    records = await read_topic(connection, settings, POLICY_UPDATED)
    updates = [decode(PolicyUpdate, record.value) for record in records]
    assert Counter(update.digest for update in updates) == Counter(digests)
    assert {update.version for update in updates} == {1}
    data = await read_artifact(connection, settings, updates[0].digest)
    assert data is not None
    assert unpack(data).manifest.tenant_id == updates[0].tenant_id


async def test_the_end_is_clean_and_quick_also_in_the_middle_of_a_training(
    kafka: Broker, settings: Settings
) -> None:
    trainer = TrainerProcess(settings)
    await trainer.start()
    await trainer.wait_until_ready()
    async with producer_on(kafka.connection) as producer:
        await send_triggers(producer, settings, [trigger(1, configuration={"pause_s": 60})])
    await asyncio.sleep(1)
    assert await trainer.stop(signal.SIGINT) == 0
    assert await results_of(kafka.connection, settings) == []
