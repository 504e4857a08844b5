"""Workers share the partitions, take over from each other, and never write over a successor's state."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from adapters.broker import Broker
from signalbox.connection import Connection
from streams.settings import Settings
from streams.topics import ensure_topics
from tests.integration.traffic_support import Traffic, send_until
from tests.integration.trainer_support import producer_on
from tests.integration.worker_support import (
    Service,
    check_rewards,
    services,
    settings_on,
    standing_experiences,
    until,
    verify,
    worked_off,
)

pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]


@pytest.fixture
async def settings(kafka: Broker, tmp_path: Path) -> Settings:
    settings = settings_on(kafka.connection, tmp_path, window_s=60, windows=4, experience_replay_size=200)
    await ensure_topics(kafka.connection, settings)
    return settings


@asynccontextmanager
async def traffic_on(connection: Connection, settings: Settings, seed: int) -> AsyncIterator[Traffic]:
    """Traffic of twelve tenants while the block runs; afterwards all of it must be processed, and verified."""
    traffic, stopping = Traffic(seed, tenants=12), asyncio.Event()
    async with producer_on(connection) as producer:
        sending = asyncio.create_task(send_until(stopping, producer, settings, traffic))
        try:
            yield traffic
        finally:
            stopping.set()
            await sending
    await worked_off(connection, settings)
    await verify(connection, settings)
    await check_rewards(connection, settings, traffic.expected)


async def progress(connection: Connection, settings: Settings, more: int) -> None:
    """Wait until so many more experiences have been published."""
    before = len(await standing_experiences(connection, settings))

    async def is_further() -> bool:
        return len(await standing_experiences(connection, settings)) >= before + more

    await until(is_further, f"{more} more experiences")


async def test_one_takes_over_from_another_that_was_killed(kafka: Broker, settings: Settings) -> None:
    connection = kafka.connection
    async with services(Service(settings, instance="a")) as running:
        await running[0].ready()
        async with traffic_on(connection, settings, seed=3):
            running.append(await Service(settings, instance="b").ready())
            await running[0].ready(times=2)
            await progress(connection, settings, 300)
            await running[0].kill()
            await running[1].ready(times=2)
            await progress(connection, settings, 300)
        assert await running[1].stop() == 0


async def test_a_worker_joins_and_leaves_while_traffic_flows(kafka: Broker, settings: Settings) -> None:
    connection = kafka.connection
    async with services(Service(settings, instance="a")) as running:
        await running[0].ready()
        async with traffic_on(connection, settings, seed=4):
            running.append(await Service(settings, instance="b").ready())
            await running[0].ready(times=2)
            await progress(connection, settings, 300)
            assert await running[1].stop() == 0
            await running[0].ready(times=3)
            await progress(connection, settings, 300)
        assert await running[0].stop() == 0


@pytest.mark.slow  # it waits for the frozen worker's session to end, twice
async def test_a_frozen_worker_stops_itself_when_it_wakes_up(kafka: Broker, settings: Settings) -> None:
    connection = kafka.connection
    async with services(Service(settings, instance="a")) as running:
        await running[0].ready()
        async with traffic_on(connection, settings, seed=5):
            running.append(Service(settings, instance="b"))
            await running[1].ready()
            await running[0].ready(times=2)
            await progress(connection, settings, 300)
            running[0].send(signal.SIGSTOP)
            await running[1].ready(times=2)
            await progress(connection, settings, 300)
            running[0].send(signal.SIGCONT)
            assert await running[0].ended() == 3
            await progress(connection, settings, 300)
        assert "another may own its partitions now" in running[0].log
        assert await running[1].stop() == 0
