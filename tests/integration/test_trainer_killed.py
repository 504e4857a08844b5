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

    def __init__(self, settings: Settings, name: str = "one") -> None:
        self._environment = child_environment(
            bootstrap_servers=settings.bootstrap_servers,
            topic_prefix=settings.topic_prefix,
            partitions=settings.partitions,
            data_folder=settings.data_folder,
            instance_id=name,
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

    def send(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

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
    trainer, share = TrainerProcess(settings), len(triggers) // (KILLS + 1)
    async with producer_on(connection) as producer:
        for kill in range(KILLS):
            await send_triggers(producer, settings, triggers[kill * share : (kill + 1) * share])
            await trainer.start()
            if kill % 3 == 0:  # while it starts, with what the one before has left behind
                await asyncio.sleep(chance.uniform(0.1, 3.0))
            else:  # while it works
                done = len(await results_of(connection, settings))
                await wait_for_results(connection, settings, done + chance.randint(1, share // 2))
                await asyncio.sleep(chance.uniform(0.0, 0.2))
            await trainer.stop(signal.SIGKILL)
        await send_triggers(producer, settings, triggers[KILLS * share :])
    await trainer.start()
    await wait_for_results(connection, settings, len(triggers), timeout_s=120)
    assert await trainer.stop(signal.SIGTERM) == 0
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


@pytest.mark.slow  # it waits for the frozen trainer's session to end
async def test_one_trainer_takes_over_from_a_frozen_one_which_then_answers_nothing_twice(
    kafka: Broker, settings: Settings
) -> None:
    connection = kafka.connection
    frozen, other = TrainerProcess(settings, "frozen"), TrainerProcess(settings, "other")
    await frozen.start()
    await frozen.wait_until_ready()
    async with producer_on(connection) as producer:
        slow = {"pause_s": 2, "verdict": "rejected"}
        await send_triggers(producer, settings, [trigger(i, configuration=slow) for i in range(4)])
        await wait_for_results(connection, settings, 1)
        frozen.send(signal.SIGSTOP)
        await other.start()
        await wait_for_results(connection, settings, 4)
        frozen.send(signal.SIGCONT)
        last = [trigger(i, tenant_id=f"t-{i}", tenant_key=f"t-{i}") for i in range(4, 12)]
        await send_triggers(producer, settings, last)
        await wait_for_results(connection, settings, 12)
    assert await frozen.stop(signal.SIGTERM) == 0
    assert await other.stop(signal.SIGTERM) == 0
    answered = Counter(result.trigger_id for result in await results_of(connection, settings))
    assert answered == {f"trigger-{i}": 1 for i in range(12)}
