"""Timers in real workers: ticks for every partition, one leader, failures that harm nothing, and restarts."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from adapters.phoenix.spans import span_of
from processors.cycles.records import Tick, decode_record
from processors.cycles.state import TenantCycles
from processors.spans import PhoenixSpanEvaluator
from signalbox.connection import Connection
from signalbox.events import AnnotationRequest, RoutingDecision, Signals, decode, encode, moment_at
from signalbox.topics import ANNOTATION_REQUEST, CYCLE, DEAD_LETTER, ROUTING_DECISION, ROUTING_EXPERIENCE
from streams.orchestrator.ask import read_cycles, run_cycles
from streams.settings import Settings
from tests.integration.phoenix_stand_in import routing_span, stand_in
from tests.integration.traffic_support import AGENTS, Record, send
from tests.integration.trainer_support import producer_on
from tests.integration.worker_support import (
    Service,
    read_records,
    run_command,
    services,
    settings_on,
    standing_experiences,
    until,
)

pytestmark = pytest.mark.integration

SOON_MINUTES = 0.01


@pytest.fixture
def tenant() -> str:
    return f"t{uuid4().hex[:8]}"


def timed(connection: Connection, folder: Path, **changes: Any) -> Settings:
    """Settings whose timers are quick."""
    soon = dict.fromkeys(("span_eval", "annotation", "feedback", "metrics"), SOON_MINUTES)
    intervals = {f"{name}_interval_minutes": minutes for name, minutes in soon.items()}
    return settings_on(connection, folder, **{"tick_s": 0.2, "partitions": 2} | intervals | changes)


def failed(tenant: str, number: int) -> Record:
    decision = RoutingDecision(
        tenant_id=tenant,
        occurred_at=moment_at(time.time()),
        decision_id=f"d-{number}",
        query=f"which one of {number}?",
        candidate_agents=AGENTS,
        chosen_agent=AGENTS[0],
        confidence=0.2,
        outcome=Signals(agent_success=False),
    )
    return ROUTING_DECISION, tenant.encode(), encode(decision)


async def publish(connection: Connection, settings: Settings, records: list[Record]) -> None:
    async with producer_on(connection) as producer:
        await send(producer, settings, records)


async def ticks(connection: Connection, settings: Settings) -> dict[int, list[float]]:
    """When each partition was ticked."""
    found: dict[int, list[float]] = {number: [] for number in range(settings.partitions)}
    for each in await read_records(connection, settings, CYCLE):
        record = decode_record(each.value)
        if isinstance(record, Tick):
            found[each.partition].append(record.at_s)
    return found


async def known(connection: Connection, settings: Settings, tenant: str, reported: str) -> TenantCycles:
    """The tenant's cycles, once one of them has gone well."""
    found = TenantCycles()

    async def has_reported() -> bool:
        nonlocal found
        found = await read_cycles(connection, settings, tenant)
        timer = found.timers[reported]  # type: ignore[index]
        return timer.runs > 0 and timer.error is None

    await until(has_reported, f"{reported} to run")
    return found


async def test_timers_run_without_phoenix_and_a_restart_remembers(
    connection: Connection, tmp_path: Path, tenant: str
) -> None:
    settings = timed(connection, tmp_path)
    async with services(Service(settings)) as running:
        await running[0].ready()
        await publish(connection, settings, [failed(tenant, number) for number in range(12)])

        async def is_measured() -> bool:
            return (await read_cycles(connection, settings, tenant)).scopes.get("routing", {}).get(
                "experiences"
            ) == 12.0

        await until(is_measured, "12 experiences to be measured")

        async def is_asked() -> bool:
            return (await read_cycles(connection, settings, tenant)).totals.annotations_requested == 12

        await until(is_asked, "12 labels to be asked for")
        requests = [
            decode(AnnotationRequest, each.value)
            for each in await read_records(connection, settings, ANNOTATION_REQUEST)
        ]
        assert sorted(each.decision_id for each in requests) == sorted(f"d-{n}" for n in range(12))
        by_partition = await ticks(connection, settings)
        assert all(by_partition.values())
        assert by_partition[0][0] == by_partition[1][0]
        assert await running[0].stop() == 0
        before = await read_cycles(connection, settings, tenant)
        running.append(await Service(settings).ready())
        ran = before.timers["metrics"].runs

        async def runs_again() -> bool:
            return (await read_cycles(connection, settings, tenant)).timers["metrics"].runs > ran

        await until(runs_again, "timers to go on")
        after = await read_cycles(connection, settings, tenant)
        assert (after.totals.annotations_requested, after.totals.started_at) == (12, before.totals.started_at)
        assert await read_records(connection, settings, DEAD_LETTER) == []
        assert len(await read_records(connection, settings, ANNOTATION_REQUEST)) == 12


async def test_another_worker_leads_where_the_leader_is_killed(connection: Connection, tmp_path: Path) -> None:
    settings = timed(connection, tmp_path)
    async with services(*(Service(settings, instance=name) for name in ("one", "two"))) as running:
        for service in running:
            await service.ready()
        await running[0].kill()
        killed_s = time.time()

        async def go_on() -> bool:
            return all(times and times[-1] > killed_s for times in (await ticks(connection, settings)).values())

        await until(go_on, "ticks of the other worker")
        await running[1].stop()


async def test_a_failing_cycle_is_tried_again_is_visible_and_harms_nothing(
    connection: Connection, tmp_path: Path, tenant: str
) -> None:
    settings = timed(connection, tmp_path, phoenix_url="http://127.0.0.1:9")
    async with services(Service(settings)) as (service,):
        await service.ready()
        await publish(connection, settings, [failed(tenant, 0)])

        async def fails() -> bool:
            found = (await read_cycles(connection, settings, tenant)).timers
            return found["span_evaluation"].failures > 1 and found["metrics"].runs > 1

        await until(fails, "two failures, and metrics meanwhile")
        found = await read_cycles(connection, settings, tenant)
        assert "PhoenixUnavailable" in (found.timers["span_evaluation"].error or "")
        assert (found.timers["metrics"].error, found.watermark_s) == (None, None)
        command = await asyncio.to_thread(
            run_command, settings, "cycle", "--once", "--tenant", tenant, "--json"
        )
        assert command.returncode == 1, command.stderr
        said = json.loads(command.stdout)
        assert set(said["errors"]) == {"span_evaluation", "feedback"}
        assert said["annotation_requests"] in (0, 1)
        text = await asyncio.to_thread(run_command, settings, "cycle", "--once", "--tenant", tenant)
        assert "failed      span_evaluation: PhoenixUnavailable" in text.stdout
        assert await service.stop() == 0
    alone = await asyncio.to_thread(run_command, settings, "cycle", "--once", "--timeout", "1")
    assert (alone.returncode, alone.stdout) == (3, "")
    assert "no worker has answered for tenant 'default' in 1 s" in alone.stderr
    wrong = await asyncio.to_thread(run_command, settings, "cycle", "--once", "--tenant", "No Tenant")
    assert wrong.returncode == 3
    assert "tenant_id" in wrong.stderr


async def test_a_cycle_whose_worker_is_killed_is_repeated_and_no_span_counts_twice(
    connection: Connection, tmp_path: Path, tenant: str
) -> None:
    with stand_in() as phoenix:
        settings = timed(connection, tmp_path, phoenix_url=phoenix.url)
        phoenix.spans = [routing_span(number, time.time() - 600 + number) for number in range(30)]
        phoenix.gate.clear()
        async with services(Service(settings)) as running:
            await running[0].ready()
            cycle = run_cycles(connection, settings, tenant, 120.0, ("span_evaluation",))
            asked = asyncio.create_task(cycle)
            assert await asyncio.to_thread(phoenix.asked.wait, 60)
            await running[0].kill()
            # So far a cycle may come without having reported.
            spans = [span_of(each) for each in phoenix.spans[:15]]
            written = PhoenixSpanEvaluator(tenant, settings.span_names).evaluate(spans, frozenset())
            records = [(ROUTING_DECISION, tenant.encode(), encode(each)) for each in written.decisions]
            await publish(connection, settings, records)
            phoenix.gate.set()
            running.append(await Service(settings).ready())
            (report,) = await asked
            assert report.error is None
            assert report.numbers["spans_processed"] == 30
            assert len(await standing_experiences(connection, settings)) == 30
            assert len(await read_records(connection, settings, ROUTING_EXPERIENCE)) == 30
            found = await read_cycles(connection, settings, tenant)
            assert found.totals.spans_evaluated == 30
            phoenix.spans.append(routing_span(31, time.time()))
            late = await run_cycles(connection, settings, tenant, 60.0, ("span_evaluation",))
            total = (await read_cycles(connection, settings, tenant)).totals
            assert late[0].error is None
            assert (total.spans_evaluated, len(await standing_experiences(connection, settings))) == (31, 31)
