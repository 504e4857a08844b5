"""State that outlives the worker, tenants that never mix, and the broker that needs neither Java nor Docker."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.broker import Broker, choose_broker
from processors.identity import decision_hash
from signalbox.connection import Connection
from signalbox.events import OptimizationTrigger, RoutingDecision, RoutingOutcome, Signals, encode, moment_at
from signalbox.topics import ROUTING_DECISION, ROUTING_OUTCOME
from streams.settings import Settings
from streams.topics import ensure_topics, topic_names
from tests.integration.traffic_support import AGENTS, Record, Traffic, reward_of, send
from tests.integration.trainer_support import producer_on
from tests.integration.worker_support import (
    Service,
    check_rewards,
    read_events,
    read_states,
    services,
    settings_on,
    standing_experiences,
    verify,
    worked_off,
)

pytestmark = pytest.mark.integration

BEGAN_S = 1_780_000_000.0


def decided(tenant: str, number: int, outcome: Signals | None = None, began_s: float = BEGAN_S) -> Record:
    decision = RoutingDecision(
        tenant_id=tenant,
        occurred_at=moment_at(began_s + number / 1000),
        decision_id=f"d-{number}",
        query="which one?",
        candidate_agents=AGENTS,
        chosen_agent=AGENTS[number % 2],
        propensity=0.5,
        outcome=outcome,
    )
    return ROUTING_DECISION, tenant.encode(), encode(decision)


def happened(tenant: str, number: int, search_quality: float) -> Record:
    outcome = RoutingOutcome(
        tenant_id=tenant,
        occurred_at=moment_at(BEGAN_S + 20 + number / 1000),
        decision_id=f"d-{number}",
        search_quality=search_quality,
    )
    return ROUTING_OUTCOME, tenant.encode(), encode(outcome)


async def send_and_work_off(connection: Connection, settings: Settings, records: list[Record]) -> None:
    async with producer_on(connection) as producer:
        await send(producer, settings, records)
        await producer.flush()
    await worked_off(connection, settings)


async def test_ten_thousand_experiences_and_decisions_are_there_again_after_a_kill(
    kafka: Broker, tmp_path: Path
) -> None:
    connection = kafka.connection
    settings = settings_on(connection, tmp_path, experience_replay_size=10_000)
    await ensure_topics(connection, settings)
    tenants = [f"tenant-{n}" for n in range(4)]
    complete = Signals(search_quality=0.5, agent_success=True, user_satisfaction=0.5, processing_time_s=1.0)
    buffered = [decided(tenants[n % 4], n, complete) for n in range(5000)]
    pending = [decided(tenants[n % 4], n) for n in range(5000, 10_000)]
    expected = {(tenants[n % 4], f"d-{n}"): reward_of(complete) for n in range(5000)}
    async with services(Service(settings)) as running:
        await running[0].ready()
        await send_and_work_off(connection, settings, buffered + pending)
        await running[0].kill()
        states = await read_states(connection, settings)
        assert sum(len(b) for state in states for b in state.ledger.buffers.values()) == 5000
        waiting = {w.decision_id for state in states for w in state.join.waiting.values()}
        assert waiting == {f"d-{n}" for n in range(5000, 10_000)}
        await verify(connection, settings)
        running.append(await Service(settings).ready())
        outcomes = [happened(tenants[n % 4], n, search_quality=0.25) for n in range(5000, 10_000)]
        await send_and_work_off(connection, settings, outcomes)
        assert await running[1].stop() == 0
    expected |= {(tenants[n % 4], f"d-{n}"): 0.25 for n in range(5000, 10_000)}
    await check_rewards(connection, settings, expected)
    await verify(connection, settings)


async def test_two_tenants_with_the_same_decision_ids_never_mix(kafka: Broker, tmp_path: Path) -> None:
    connection = kafka.connection
    settings = settings_on(connection, tmp_path, partitions=1)  # nothing but the tenant keeps them apart
    await ensure_topics(connection, settings)
    rewards = {"red": 0.25, "blue": 0.75}
    records = [decided(tenant, n) for n in range(80) for tenant in rewards]
    records += [happened(tenant, n, quality) for n in range(79, -1, -1) for tenant, quality in rewards.items()]
    async with services(Service(settings)) as (worker,):
        await worker.ready()
        await send_and_work_off(connection, settings, records)
        assert await worker.stop() == 0
    await check_rewards(
        connection, settings, {(tenant, f"d-{n}"): q for tenant, q in rewards.items() for n in range(80)}
    )
    for experience in (await standing_experiences(connection, settings)).values():
        assert experience.decision.tenant_id == experience.tenant_id
    triggers = await read_events(connection, settings, OptimizationTrigger)
    assert {(t.tenant_id, t.tenant_key) for t in triggers} == {("red", "red"), ("blue", "blue")}
    assert len({t.buffer_digest for t in triggers}) == len(triggers)
    (state,) = await read_states(connection, settings)
    for tenant, quality in rewards.items():
        rows = [row for row, _ in state.ledger.buffers[tenant].sample()]
        assert {row.hash for row in rows} == {decision_hash(tenant, f"d-{n}") for n in range(80)}
        assert [row.reward for row in rows] == pytest.approx([quality] * 80)
    await verify(connection, settings)


async def test_on_the_in_process_broker_events_come_in_and_experiences_go_out(tmp_path: Path) -> None:
    with choose_broker("in-process") as broker:
        connection, traffic = broker.connection, Traffic(seed=6)
        settings = settings_on(connection, tmp_path, broker="in-process", topic_prefix="")
        broker.ensure_topics(topic_names(settings), settings.partitions)
        async with services(Service(settings)) as (worker,):
            await worker.ready()
            records = [r for _, found in zip(range(500), traffic.rounds(), strict=False) for r in found]
            await send_and_work_off(connection, settings, records + list(traffic.rest()))
            assert await worker.stop() == 0
        await check_rewards(connection, settings, traffic.expected)
        await verify(connection, settings)
