"""`signalbox replay`: over everything, over ranges and times; and `--verify`, which fails on any difference."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from aiokafka import TopicPartition

from adapters.broker import Broker
from signalbox.connection import Connection
from signalbox.events import Experience, decode, encode
from signalbox.topics import ROUTING_DECISION, ROUTING_EXPERIENCE, ROUTING_OUTCOME
from streams.reading import plain_consumer
from streams.settings import Settings
from streams.topics import ensure_topics
from tests.integration.traffic_support import Traffic, send
from tests.integration.trainer_support import producer_on
from tests.integration.worker_support import (
    Service,
    read_records,
    run_command,
    services,
    settings_on,
    standing_experiences,
    worked_off,
)

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def worked(kafka: Broker, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """What `worked_off_by_a_worker` gives, once for all tests that only read."""
    return asyncio.run(worked_off_by_a_worker(kafka.connection, tmp_path_factory.mktemp("worked")))


async def worked_off_by_a_worker(connection: Connection, folder: Path) -> Settings:
    """Settings of a worker that has worked off three hundred decisions and has stopped."""
    settings = settings_on(connection, folder, partitions=2)
    await ensure_topics(connection, settings)
    traffic = Traffic(seed=8)
    async with producer_on(connection) as producer, services(Service(settings)) as (worker,):
        await worker.ready()
        for _, records in zip(range(300), traffic.rounds(), strict=False):
            await send(producer, settings, records)
        await send(producer, settings, traffic.rest())
        await producer.flush()
        await worked_off(connection, settings)
        assert await worker.stop() == 0
    return settings


async def ends_of(connection: Connection, settings: Settings, topic: str) -> list[int]:
    async with plain_consumer(connection) as consumer:
        places = [TopicPartition(settings.topic(topic), n) for n in range(settings.partitions)]
        ends = await consumer.end_offsets(places)
        return [ends[place] for place in places]


async def test_everything_is_replayed_and_verified(kafka: Broker, worked: Settings) -> None:
    done = run_command(worked, "replay", "--verify", "--json")
    assert done.returncode == 0, done.stdout
    report = orjson.loads(done.stdout)
    assert report["differences"] == []
    assert report["experiences"] == len(await read_records(kafka.connection, worked, ROUTING_EXPERIENCE))
    assert {trigger["tenant_key"] for trigger in report["triggers"]} == {"tenant-0", "tenant-1", "tenant-2"}
    assert set(report["buffers"]) == {"tenant-0", "tenant-1", "tenant-2"}
    spoken = run_command(worked, "replay", "--verify")
    assert spoken.returncode == 0
    assert "verified: the log gives exactly what the worker gave" in spoken.stdout


async def test_a_part_is_replayed_by_offsets_and_by_time(kafka: Broker, worked: Settings) -> None:
    ends = await ends_of(kafka.connection, worked, ROUTING_DECISION)
    number = ends.index(max(ends))
    outcomes = (await ends_of(kafka.connection, worked, ROUTING_OUTCOME))[number]
    ranges = ("--range", f"routing-decision:{number}:0-{ends[number]}")
    both = (*ranges, "--range", f"routing-outcome:{number}:0-{outcomes}")
    inline, joined = (
        orjson.loads(run_command(worked, "replay", "--json", *arguments).stdout) for arguments in (ranges, both)
    )
    assert inline["source_records"] == ends[number]
    assert 0 < inline["experiences"] < joined["experiences"]
    now = datetime.now(UTC)
    earlier, later = ((now + timedelta(hours=h)).strftime("%Y-%m-%dT%H:%M:%S+00:00") for h in (-1, 1))
    since = ("--since", earlier, "--until", later)
    everything = orjson.loads(run_command(worked, "replay", "--json", *since).stdout)
    assert everything["experiences"] == len(await read_records(kafka.connection, worked, ROUTING_EXPERIENCE))
    for nothing in (("--since", later), ("--until", earlier)):
        assert orjson.loads(run_command(worked, "replay", "--json", *nothing).stdout)["experiences"] == 0
    spoken = run_command(worked, "replay", *both)
    assert f"experiences     {joined['experiences']}" in spoken.stdout
    assert "buffer  tenant-" in spoken.stdout


async def test_a_part_proves_nothing_so_it_is_not_verified(worked: Settings) -> None:
    done = run_command(worked, "replay", "--verify", "--range", "routing-decision:0:0-10")
    assert done.returncode == 1
    assert "a comparison would prove nothing" in done.stdout


async def test_another_reward_is_a_difference(worked: Settings) -> None:
    changed = worked.model_copy(update={"search_quality_weight": 0.9})
    done = run_command(changed, "replay", "--verify")
    assert done.returncode == 1
    assert "DIFFERENT  partition " in done.stdout
    assert "experience 0 differs" in done.stdout
    assert "buffers differ" in done.stdout
    assert "verified" not in done.stdout


async def test_an_experience_that_nobody_made_is_a_difference(kafka: Broker, tmp_path: Path) -> None:
    worked = await worked_off_by_a_worker(kafka.connection, tmp_path)
    experiences = await standing_experiences(kafka.connection, worked)
    forged = next(iter(experiences.values()))
    records = await read_records(kafka.connection, worked, ROUTING_EXPERIENCE)
    number = next(r.partition for r in records if decode(Experience, r.value) == forged)
    async with producer_on(kafka.connection) as producer:
        await producer.send_and_wait(
            worked.topic(ROUTING_EXPERIENCE), encode(forged), forged.tenant_id.encode(), partition=number
        )
    done = run_command(worked, "replay", "--verify")
    assert done.returncode == 1
    assert f"partition {number}, batch {forged.batch}:" in done.stdout
