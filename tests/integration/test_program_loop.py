"""From traffic to a prompt program in force: worker and trainer as processes, on a real Kafka node."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from adapters.broker import Broker
from signalbox import Publisher, Router
from signalbox.connection import Connection
from signalbox.events import OptimizationTrigger, RoutingDecision, TrainingResult
from signalbox.names import is_program
from streams.settings import Settings
from streams.topics import ensure_topics
from tests.integration.test_loop_end_to_end import ask
from tests.integration.worker_support import (
    Service,
    read_events,
    services,
    settings_on,
    unanswered,
    until,
    verify,
    worked_off,
)

pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]

MOST_ROUNDS = 900
QUICK = {
    "cool_down_s": 5,
    "program_interval_s": 1,
    "program_held_out": 150,
    "force_optimizer": "bootstrap",
    "trials": False,
    "held_out_share": 0.5,
}


async def programs(connection: Connection, settings: Settings) -> list[TrainingResult]:
    results = await read_events(connection, settings, TrainingResult)
    return [result for result in results if is_program(result.scope)]


async def open_programs(connection: Connection, settings: Settings) -> set[str]:
    missing = await unanswered(connection, settings)
    return {trigger_id for trigger_id in missing if trigger_id.endswith("/program")}


async def route_until(router: Router, chance: random.Random, done: asyncio.Event) -> list[RoutingDecision]:
    """Decisions with their outcomes, at an easy pace."""
    decisions = []
    for _ in range(MOST_ROUNDS):
        if done.is_set():
            break
        decisions += [ask(router, chance)[0] for _ in range(6)]
        await asyncio.sleep(0.2)
    return decisions


async def test_traffic_becomes_a_program_in_force_also_when_the_trainer_is_stopped_in_the_middle(
    kafka: Broker, tmp_path: Path
) -> None:
    connection, chance = kafka.connection, random.Random(11)
    settings = settings_on(connection, tmp_path, **QUICK)
    await ensure_topics(connection, settings)
    prefix = settings.topic_prefix

    async def is_promoted() -> bool:
        return any(result.verdict == "promoted" for result in await programs(connection, settings))

    async def is_training() -> bool:
        return bool(await open_programs(connection, settings))

    with Publisher(connection, prefix) as publisher:
        # It adopts nothing, so that all of its log is evidence.
        router = Router(publisher, None, "acme", epsilon=0.2, seed=1)
        async with services(Service(settings), Service(settings, "trainer")) as running:
            worker, trainer = running
            for service in running:
                await service.ready()
            enough = asyncio.Event()
            routing = asyncio.create_task(route_until(router, chance, enough))
            await until(is_training, "a program to be trained", limit_s=90)
            assert await trainer.stop() == 0
            left = await open_programs(connection, settings)
            again = await Service(settings, "trainer").ready()
            running.append(again)
            await until(is_promoted, "a program to be promoted", limit_s=150)
            enough.set()
            decisions = await routing
            await asyncio.to_thread(publisher.close, 20.0)
            await worked_off(connection, settings, answers=True)
            assert await again.stop() == 0
            assert await worker.stop() == 0
    answered = {result.trigger_id for result in await programs(connection, settings)}
    assert left <= answered
    assert await unanswered(connection, settings) == set()
    await check_triggers(connection, settings)
    await verify(connection, settings)
    log = trainer.log + again.log
    assert "calls" in log
    assert "promoted, better" in log
    assert [each.query for each in decisions if each.query in log] == []


async def check_triggers(connection: Connection, settings: Settings) -> None:
    """Each came with the answer to the worker's trigger that it names, from the same records."""
    triggers = {each.trigger_id: each for each in await read_events(connection, settings, OptimizationTrigger)}
    results = {each.trigger_id: each for each in await read_events(connection, settings, TrainingResult)}
    chained = [each for each in triggers.values() if is_program(each.scope)]
    assert chained
    for each in chained:
        first = triggers[each.trigger_id.removesuffix("/program")]
        assert each.reasons == ("multi_stage",)
        assert (each.buffer_digest, each.seed, each.ranges[0]) == (
            first.buffer_digest,
            first.seed,
            first.ranges[0],
        )
        assert results[first.trigger_id].verdict in ("promoted", "rejected")
