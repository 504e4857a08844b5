"""Killed at any moment, also while recovering: nothing is lost, doubled or computed differently."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from adapters.broker import Broker
from signalbox.connection import Connection
from signalbox.events import DeadLetter, OptimizationTrigger, decode
from signalbox.topics import DEAD_LETTER
from streams.settings import Settings
from streams.topics import ensure_topics
from tests.integration.traffic_support import Traffic, send_until
from tests.integration.trainer_support import producer_on
from tests.integration.worker_support import (
    Service,
    check_rewards,
    read_events,
    read_records,
    services,
    settings_on,
    unanswered,
    verify,
    worked_off,
)

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]


@pytest.fixture
async def settings(kafka: Broker, tmp_path: Path) -> Settings:
    """Short windows, so that decisions expire, windows are evicted and triggers come while the test runs."""
    settings = settings_on(
        kafka.connection,
        tmp_path,
        join_window_s=120,
        window_s=60,
        windows=4,
        experience_replay_size=200,
        cool_down_s=20,
        force_optimizer="bootstrap",  # the quickest: programs are trained in between, too
    )
    await ensure_topics(kafka.connection, settings)
    return settings


@pytest.mark.slow
async def test_twenty_kills_change_nothing(kafka: Broker, settings: Settings) -> None:
    await kill_and_compare(kafka.connection, settings, worker_kills=20, trainer_kills=4, seed=1)


async def test_a_few_kills_change_nothing(kafka: Broker, settings: Settings) -> None:
    await kill_and_compare(kafka.connection, settings, worker_kills=4, trainer_kills=1, seed=2)


async def kill_and_compare(
    connection: Connection, settings: Settings, worker_kills: int, trainer_kills: int, seed: int
) -> None:
    """Kill while traffic flows; then everything must be as if nobody had been killed."""
    chance, traffic, stopping = random.Random(seed), Traffic(seed), asyncio.Event()
    async with (
        producer_on(connection) as producer,
        services(Service(settings), Service(settings, "trainer")) as running,
    ):
        sending = asyncio.create_task(send_until(stopping, producer, settings, traffic))
        await running[0].ready()
        for kill in range(worker_kills):
            # A worker needs about two seconds to be at work, so half of these moments lie in its recovery.
            await asyncio.sleep(chance.uniform(0.2, 5.0))
            await running[0].kill()
            running[0] = Service(settings)
            if kill * trainer_kills // worker_kills != (kill + 1) * trainer_kills // worker_kills:
                await running[1].kill()
                running[1] = Service(settings, "trainer")
        await asyncio.gather(running[0].ready(), running[1].ready())
        stopping.set()
        await sending
        await worked_off(connection, settings, answers=True)
        assert await running[0].stop() == 0
        assert await running[1].stop() == 0
    await check_everything(connection, settings, traffic)


async def check_everything(connection: Connection, settings: Settings, traffic: Traffic) -> None:
    """By replay, and by what each decision's reward must be."""
    await verify(connection, settings)
    assert await unanswered(connection, settings) == set()
    assert len(await read_events(connection, settings, OptimizationTrigger)) >= traffic.tenants
    await check_rewards(connection, settings, traffic.expected)
    letters = [decode(DeadLetter, r.value) for r in await read_records(connection, settings, DEAD_LETTER)]
    assert {letter.reason for letter in letters} == {"not_json"}
    assert len({letter.value for letter in letters}) == traffic.garbage
