"""A real worker over HTTP: it comes to work, counts, keeps its totals, and leaves in good order."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientError, ClientSession
from prometheus_client.parser import text_string_to_metric_families

from adapters.broker import Broker
from adapters.broker.ports import HOST, free_ports
from signalbox.connection import Connection
from streams.settings import Settings
from streams.topics import ensure_topics
from tests.integration.traffic_support import Traffic, send
from tests.integration.trainer_support import producer_on
from tests.integration.worker_support import (
    Service,
    check_rewards,
    services,
    settings_on,
    until,
    verify,
    worked_off,
)

pytestmark = pytest.mark.integration


async def settings_with_site(connection: Connection, folder: Path, **changes: Any) -> Settings:
    settings = settings_on(connection, folder, web_port=free_ports(1)[0], **changes)
    await ensure_topics(connection, settings)
    return settings


async def asked(client: ClientSession) -> tuple[int, Mapping[str, Any]] | None:
    """Status and body of /health; None where nobody listens."""
    try:
        async with client.get("/health") as answer:
            return answer.status, await answer.json()
    except ClientError:
        return None


async def watch(client: ClientSession, worker: Service, seen: list[tuple[int, Mapping[str, Any]]]) -> None:
    """Ask again and again until cancelled; what is seen is what a load balancer would."""
    while True:
        found = await asked(client)
        if found is not None:
            seen.append(found)
        await asyncio.sleep(0.02)


async def numbers(client: ClientSession) -> dict[tuple[str, str | None], float]:
    """The page's values by name and tenant; those of one name that differ in other labels are added up."""
    async with client.get("/metrics") as answer:
        page = await answer.text()
    found: dict[tuple[str, str | None], float] = {}
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            place = sample.name, sample.labels.get("tenant")
            found[place] = found.get(place, 0.0) + sample.value
    return found


async def test_readiness_follows_a_workers_life_and_its_end_loses_nothing(
    kafka: Broker, tmp_path: Path
) -> None:
    connection, traffic = kafka.connection, Traffic(seed=11)
    settings = await settings_with_site(connection, tmp_path, tick_s=60.0)
    records = [r for _, found in zip(range(3000), traffic.rounds(), strict=False) for r in found]
    records += list(traffic.rest())
    seen: list[tuple[int, Mapping[str, Any]]] = []
    async with (
        ClientSession(f"http://{HOST}:{settings.web_port}") as client,
        producer_on(connection) as producer,
        services(Service(settings)) as running,
    ):
        worker = running[0]
        watching = asyncio.create_task(watch(client, worker, seen))
        await worker.ready()
        await until(lambda: bool(seen) and seen[-1][0] == 200, "the worker to be ready")
        assert {status for status, _ in seen} == {200, 503}
        assert "recovered" in seen[0][1]["reason"]
        assert seen[-1][1]["partitions"] == list(range(settings.partitions))
        del seen[:]
        sending = asyncio.create_task(send(producer, settings, records))
        await asyncio.sleep(0.5)
        worker.send(signal.SIGTERM)
        assert await worker.ended(limit_s=30) == 0
        assert "without taking leave" not in worker.log
        watching.cancel()
        statuses = [status for status, _ in seen]
        assert statuses == sorted(statuses), "not ready once, it is never ready again"
        reasons = {body["reason"] for status, body in seen if status == 503}
        assert reasons <= {"the worker is stopping"}
        await sending
        await producer.flush()
        running.append(await Service(settings).ready())
        await worked_off(connection, settings)
        assert await running[1].stop() == 0
    await check_rewards(connection, settings, traffic.expected)
    await verify(connection, settings)


async def test_the_numbers_are_those_of_the_traffic_and_outlive_the_process(
    kafka: Broker, tmp_path: Path
) -> None:
    connection, traffic = kafka.connection, Traffic(seed=12, tenants=2)
    settings = await settings_with_site(connection, tmp_path, tick_s=5.0)
    records = [r for _, found in zip(range(600), traffic.rounds(), strict=False) for r in found]
    records += list(traffic.rest())
    async with (
        ClientSession(f"http://{HOST}:{settings.web_port}") as client,
        producer_on(connection) as producer,
        services(Service(settings)) as running,
    ):
        await running[0].ready()
        await send(producer, settings, records)
        await producer.flush()
        await worked_off(connection, settings)

        async def has_measured() -> bool:
            found = await numbers(client)
            return all(("signalbox_average_reward", tenant) in found for tenant in ("tenant-0", "tenant-1"))

        await until(has_measured, "the metrics cycle of both tenants")
        before = await numbers(client)
        assert before["signalbox_worker_ready", None] == 1
        assert before["signalbox_lag_records", None] <= settings.partitions, "but for a tick under way"
        assert before["signalbox_dead_letters_total", None] >= traffic.garbage
        for tenant in ("tenant-0", "tenant-1"):
            experiences = sum(place[0] == tenant for place in traffic.expected)
            assert before["signalbox_scope_experiences", tenant] >= experiences
            assert 0 < before["signalbox_average_reward", tenant] < 1
            assert before["signalbox_optimizations_triggered_total", tenant] >= 1
            assert before["signalbox_cycle_consecutive_failures", tenant] == 0
        status, told = await asked(client) or (0, {})
        assert status == 200
        assert [(each["tenant"], each["healthy"]) for each in told["scopes"]] == [
            ("tenant-0", False),
            ("tenant-1", False),
        ], "nothing was trained, which takes no worker out of service"
        await running[0].kill()
        running.append(await Service(settings).ready())
        await until(lambda: is_ready(client), "the next worker to be ready")
        after = await numbers(client)
        kept = ("signalbox_optimizations_triggered_total", "signalbox_started_timestamp_seconds")
        for tenant in ("tenant-0", "tenant-1"):
            assert [after[name, tenant] for name in kept] == [before[name, tenant] for name in kept]
        assert await running[1].stop() == 0


async def test_a_failing_cycle_is_visible_and_takes_no_worker_out_of_service(
    kafka: Broker, tmp_path: Path
) -> None:
    connection, traffic = kafka.connection, Traffic(seed=13, tenants=1)
    nobody = f"http://{HOST}:{free_ports(1)[0]}"
    settings = await settings_with_site(connection, tmp_path, phoenix_url=nobody, tick_s=1.0)
    records = [r for _, found in zip(range(100), traffic.rounds(), strict=False) for r in found]
    failures = "signalbox_cycle_consecutive_failures", "tenant-0"
    async with (
        ClientSession(f"http://{HOST}:{settings.web_port}") as client,
        producer_on(connection) as producer,
        services(Service(settings)) as (worker,),
    ):
        await worker.ready()
        await send(producer, settings, records)
        await producer.flush()

        async def has_failed() -> bool:
            found = await numbers(client)
            return found.get(failures, 0) >= 1 and ("signalbox_average_reward", "tenant-0") in found

        await until(has_failed, "a cycle to fail, and the metrics cycle to go on")
        found = await numbers(client)
        assert found["signalbox_worker_ready", None] == 1
        assert found["signalbox_cycle_last_run_timestamp_seconds", "tenant-0"] > 1e9
        assert await is_ready(client)
        assert '"message":"cycle failed"' in worker.log
        assert await worker.stop() == 0


async def is_ready(client: ClientSession) -> bool:
    found = await asked(client)
    return found is not None and found[0] == 200
