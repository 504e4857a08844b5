"""Checkpoints on a real Kafka: saved beside a worker at work, loaded where its state was lost or went on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from click.testing import CliRunner

from adapters.broker import Broker
from processors.changelog import changes
from processors.partition import Partition
from signalbox import topics
from signalbox.connection import Connection
from signalbox.errors import ConfigurationError
from signalbox.events import (
    Experience,
    OptimizationTrigger,
    RoutingDecision,
    Signals,
    decode,
    encode,
    moment_at,
)
from streams.checkpoint import load_checkpoint, save_checkpoint
from streams.checkpoint.format import read_checkpoint
from streams.checkpoint.save import partition_of
from streams.cli import main
from streams.cli.processes import ServiceProcess
from streams.reading import plain_consumer
from streams.replay.recorded import read_state
from streams.replay.run import run_replay
from streams.settings import Settings, child_environment
from streams.topics import ensure_topics
from streams.trainer.reading import read_experiences
from streams.trainer.replay_buffer import materialise
from streams.worker.output import Output
from streams.worker.policies import policies_from
from tests.integration.trainer_support import (
    producer_on,
    read_topic,
    results_of,
    send_triggers,
    settings_for,
    trainer_on,
    updates_of,
    wait_for_results,
)
from tests.integration.trainer_support import trigger as quick_trigger
from tests.processors.builders import record, result

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

START_S = time.time() // 3600 * 3600 - 7200
AGENTS = ("search", "summary")


def decisions(tenant: str, numbers: Sequence[int]) -> list[RoutingDecision]:
    """One every five seconds of event time, each with its outcome."""
    return [
        RoutingDecision(
            tenant_id=tenant,
            occurred_at=moment_at(START_S + 5 * number),
            decision_id=f"d{number}",
            query="where is the lighthouse?",
            candidate_agents=AGENTS,
            chosen_agent=AGENTS[number % 2],
            propensity=0.5,
            outcome=Signals(
                search_quality=number % 7 / 7,
                agent_success=number % 3 > 0,
                user_satisfaction=0.5,
                processing_time_s=1.0,
            ),
        )
        for number in numbers
    ]


def neighbours(settings: Settings) -> tuple[str, str]:
    """Two tenants that share a partition."""
    others = (f"tenant{i}" for i in range(100))
    return "harbor", next(t for t in others if partition_of(settings, t) == partition_of(settings, "harbor"))


async def send_all(connection: Connection, settings: Settings, events: Sequence[RoutingDecision]) -> None:
    async with producer_on(connection) as producer:
        for event in events:
            topic = settings.topic(topics.ROUTING_DECISION)
            await producer.send(topic, encode(event), event.tenant_id.encode())
        await producer.flush()


async def state(connection: Connection, settings: Settings, number: int) -> Partition:
    async with plain_consumer(connection) as consumer:
        return await read_state(consumer, settings, policies_from(settings), number)


async def state_at(
    connection: Connection, settings: Settings, number: int, cursors: dict[str, int]
) -> Partition:
    """The state as soon as its cursors are these."""
    async with asyncio.timeout(60):
        while (found := await state(connection, settings, number)).cursors != cursors:  # noqa: ASYNC110 another process's doing
            await asyncio.sleep(0.2)
    return found


def learned(partition: Partition, tenant: str) -> Any:
    ledger = partition.ledger
    return {
        "digest": ledger.buffers[tenant].digest(),
        "agents": {agent: stats.row() for (key, agent), stats in ledger.agents.items() if key == tenant},
        "experiences": ledger.scopes[tenant, "routing"].experiences,
    }


@asynccontextmanager
async def worker_on(settings: Settings) -> AsyncIterator[None]:
    names = ("bootstrap_servers", "topic_prefix", "partitions", "data_folder")
    given = child_environment(**{name: getattr(settings, name) for name in names})
    settings.data_folder.mkdir(exist_ok=True)
    service = ServiceProcess("worker", settings.data_folder / f"{uuid4().hex[:4]}.log", given)
    try:
        await service.wait_until_ready(asyncio.Event())
        yield
    finally:
        await asyncio.to_thread(service.stop)


async def lose_the_changelog(connection: Connection, settings: Settings) -> None:
    admin = AIOKafkaAdminClient(**connection.client_options())
    await admin.start()
    try:
        await admin.delete_topics([settings.changelog_topic])
        async with asyncio.timeout(30):
            while settings.changelog_topic in await admin.list_topics():  # noqa: ASYNC110 the broker's doing
                await asyncio.sleep(0.1)
    finally:
        await admin.close()


async def test_a_lost_state_is_loaded_and_the_worker_goes_on_counting_nothing_twice(
    kafka: Broker, tmp_path: Path
) -> None:
    connection, file = kafka.connection, tmp_path / "harbor.json"
    settings = settings_for(connection, tmp_path / "data", f"cp{uuid4().hex[:8]}-")
    harbor, other = neighbours(settings)
    number = partition_of(settings, harbor)
    cursor = topics.ROUTING_DECISION
    async with worker_on(settings):
        await send_all(connection, settings, decisions(harbor, range(60)) + decisions(other, range(5)))
        await state_at(connection, settings, number, {cursor: 65})
        saved = await save_checkpoint(connection, settings, harbor, "routing", file)
        with pytest.raises(ConfigurationError, match="1 workers are members; stop them first"):
            await load_checkpoint(connection, settings, file)
        await send_all(connection, settings, decisions(harbor, range(60, 100)))
        before = await state_at(connection, settings, number, {cursor: 105})
    await lose_the_changelog(connection, settings)

    told = await load_checkpoint(connection, settings, file)

    assert told == [
        f"partition {number} had no state: workers go on from the checkpoint's offsets"
        f" ({cursor} 65), for all tenants of the partition"
    ]
    assert await save_checkpoint(connection, settings, harbor, "routing", tmp_path / "again.json") == saved
    async with worker_on(settings):
        after = await state_at(connection, settings, number, {cursor: 105})
        assert learned(after, harbor) == learned(before, harbor)
        assert learned(after, harbor)["experiences"] == 100
        await assert_that_the_trainer_finds_the_same(connection, settings, after, harbor)
    report = await run_replay(connection, settings, verify=True)
    assert [line for line in report.differences if f"loaded as batch {saved.batch}" in line]
    assert (await run_replay(connection, settings)).experiences > 0


async def assert_that_the_trainer_finds_the_same(
    connection: Connection, settings: Settings, after: Partition, tenant: str
) -> None:
    """What earlier workers published after the checkpoint doesn't count: the next trigger's digest is right."""
    outstanding = after.ledger.scopes[tenant, "routing"].outstanding
    assert outstanding is not None
    answer = result(outstanding, tenant_id=tenant, tenant_key=tenant)
    async with producer_on(connection) as producer:
        name = settings.topic(topics.TRAINING_RESULT)
        await producer.send_and_wait(name, encode(answer), tenant.encode())
    cursors = {topics.ROUTING_DECISION: 105, topics.TRAINING_RESULT: 1}
    await state_at(connection, settings, after.number, cursors)
    records = await read_topic(connection, settings, topics.OPTIMIZATION_TRIGGER)
    last = decode(OptimizationTrigger, records[-1].value)
    assert last.trigger_id != outstanding
    values = await read_experiences(connection, settings, last)
    buffer = materialise(last, [decode(Experience, value) for value in values])
    assert len(buffer) == last.experiences == 100


async def put_state(connection: Connection, settings: Settings, count: int) -> Partition:
    """A state with `count` decisions of acme, as a worker would have written it."""
    number = partition_of(settings, "acme")
    partition, output = Partition(number, policies_from(settings), "1-test"), Output(connection)
    made = decisions("acme", range(count))
    partition.apply(topics.ROUTING_DECISION, [record(each, i) for i, each in enumerate(made)])
    await output.start()
    keyed = [(f"{number}/{key}".encode(), value) for key, value in changes(partition).items()]
    await output.send_atomically(settings.changelog_topic, number, keyed)
    await output.stop()
    return partition


async def test_a_state_that_went_on_keeps_its_offsets_and_the_champion_comes_back(
    kafka: Broker, tmp_path: Path
) -> None:
    connection, file = kafka.connection, tmp_path / "acme.json"
    settings = settings_for(connection, tmp_path, f"cp{uuid4().hex[:8]}-")
    await ensure_topics(connection, settings)
    partition = await put_state(connection, settings, 60)
    async with producer_on(connection) as producer, trainer_on(connection, settings):
        await send_triggers(producer, settings, [quick_trigger(1)])
        (first,) = await wait_for_results(connection, settings, 1)
        saved = await save_checkpoint(connection, settings, "acme", "routing", file)
        assert saved.champion and saved.champion.digest == first.digest
        await send_triggers(producer, settings, [quick_trigger(2, champion_digest=first.digest)])
        await wait_for_results(connection, settings, 2)
    await put_state(connection, settings, 80)

    told = await load_checkpoint(connection, settings, file)

    assert told[0].startswith(f"partition {partition.number} has a state and goes on from its own offsets")
    assert told[1].startswith("rolled back from version 2 ") and told[1].endswith("now version 3")
    found = await state(connection, settings, partition.number)
    assert learned(found, "acme") == learned(partition, "acme")
    assert found.cursors == {topics.ROUTING_DECISION: 80}
    in_force = max(await updates_of(connection, settings), key=lambda update: update.version)
    assert (in_force.version, in_force.digest, in_force.reason) == (3, first.digest, "rollback")
    again = await load_checkpoint(connection, settings, file)
    assert again[1] == f"policy {(first.digest or '')[:12]} is in force, as it was"
    assert len(await results_of(connection, settings)) == 3
    await assert_loaded_elsewhere(connection, tmp_path, file)


async def assert_loaded_elsewhere(connection: Connection, folder: Path, file: Path) -> None:
    """On other topics with the same archive: refused without state, and with state it brings its policy."""
    settings = settings_for(connection, folder, f"cp{uuid4().hex[:8]}-")
    with pytest.raises(ConfigurationError, match="ends at 0, but the checkpoint was saved at 60"):
        await load_checkpoint(connection, settings, file)
    await put_state(connection, settings, 3)
    told = await load_checkpoint(connection, settings, file)
    assert told[1].endswith("which this cluster did not know, is in force as version 1")
    champion = read_checkpoint(file).champion
    assert champion is not None
    assert [update.digest for update in await updates_of(connection, settings)] == [champion.digest]


async def test_a_trigger_that_was_answered_since_is_not_waited_for(kafka: Broker, tmp_path: Path) -> None:
    connection, file = kafka.connection, tmp_path / "acme.json"
    settings = settings_for(connection, tmp_path, f"cp{uuid4().hex[:8]}-")
    await ensure_topics(connection, settings)
    await put_state(connection, settings, 60)
    await save_checkpoint(connection, settings, "acme", "routing", file)
    file.write_text(file.read_text().replace('"outstanding": null', '"outstanding": "t-1"'))
    assert read_checkpoint(file).scope_state.outstanding == "t-1"
    async with producer_on(connection) as producer:
        answer = result("t-1", tenant_id="acme", tenant_key="acme")
        await producer.send_and_wait(settings.topic(topics.TRAINING_RESULT), encode(answer), b"acme")

    told = await load_checkpoint(connection, settings, file)

    assert told[1] == "trigger t-1, outstanding in the checkpoint, has been answered since"
    found = await state(connection, settings, partition_of(settings, "acme"))
    assert found.ledger.scopes["acme", "routing"].outstanding is None


def test_the_command_line_saves_loads_and_refuses(kafka: Broker, tmp_path: Path) -> None:
    connection = kafka.connection
    settings = settings_for(connection, tmp_path, f"cp{uuid4().hex[:8]}-")
    names = ("bootstrap_servers", "topic_prefix", "partitions", "data_folder")
    environment = {f"SIGNALBOX_{name.upper()}": str(getattr(settings, name)) for name in names}
    file = str(tmp_path / "acme.json")
    early = CliRunner().invoke(main, ["checkpoint", "save", file, "--tenant", "acme"], env=environment)
    assert "there is none; no worker has run" in str(early.exception)
    asyncio.run(ensure_topics(connection, settings))
    asyncio.run(put_state(connection, settings, 60))
    saved = CliRunner().invoke(main, ["checkpoint", "save", file, "--tenant", "acme"], env=environment)
    assert "acme/routing after batch 1 of partition" in saved.output, saved
    assert "60 experiences, 60 of them buffered, 2 agents, champion: the router's baseline" in saved.output
    loaded = CliRunner().invoke(main, ["checkpoint", "load", file], env=environment)
    assert loaded.output.splitlines()[-1] == f"{file}: loaded"
    unknown = CliRunner().invoke(main, ["checkpoint", "save", file, "--tenant", "globex"], env=environment)
    assert "the workers have no state of it" in str(unknown.exception)
    other = CliRunner().invoke(
        main, ["checkpoint", "load", file], env=environment | {"SIGNALBOX_PARTITIONS": "5"}
    )
    assert isinstance(other.exception, ConfigurationError)
