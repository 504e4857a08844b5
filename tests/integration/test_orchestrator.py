"""The orchestrator on a real broker with a real Phoenix: from spans to requests to labels."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from opentelemetry.trace import Status, StatusCode

from adapters.phoenix.annotations import NAME
from adapters.phoenix.connection import Phoenix
from adapters.phoenix.projects import project_of
from adapters.phoenix.spans import PhoenixSpans
from signalbox.connection import Connection
from signalbox.errors import Retry
from signalbox.events import Annotation, AnnotationRequest, decode
from signalbox.topics import ANNOTATION, ANNOTATION_REQUEST
from streams.orchestrator.ask import run_cycles
from streams.orchestrator.results import results_of
from streams.settings import Settings
from tests.integration.phoenix_support import eventually
from tests.integration.worker_support import (
    Service,
    read_records,
    read_states,
    services,
    settings_on,
    until,
)

pytestmark = pytest.mark.integration

AGENTS = ("alpha", "beta")
Started = tuple[Settings, Service]


@pytest.fixture
def tenant() -> str:
    return f"t{uuid4().hex[:8]}"


def orchestrated(connection: Connection, folder: Path, phoenix: str | None, **changes: Any) -> Settings:
    quick = {"tick_s": 0.3, "phoenix_url": phoenix, "min_annotations_for_optimization": 6, "partitions": 2}
    return settings_on(connection, folder, enable_multi_stage=False, **quick | changes)


def route(phoenix: str, tenant: str, count: int, seed: int = 0) -> None:
    """Decisions of a router that traces itself through OTLP: it draws an agent, and only beta can do videos."""
    from phoenix.otel import register

    provider = register(
        endpoint=f"{phoenix}/v1/traces",
        project_name=project_of(tenant),
        protocol="http/protobuf",
        batch=True,
        set_global_tracer_provider=False,
        verbose=False,
    )
    tracer, random = provider.get_tracer("router"), Random(seed)
    began_ns = time.time_ns() - count * 10**9
    for i in range(count):
        kind, agent = random.choice(("video", "text")), random.choice(AGENTS)
        failed = kind == "video" and agent == "alpha"
        attributes: dict[str, Any] = {
            "routing.query": f"find a {kind} about {random.choice(('whales', 'jazz', 'chess'))}",
            "routing.chosen_agent": agent,
            "routing.candidate_agents": list(AGENTS),
            "routing.probabilities": [0.5, 0.5],
            "routing.propensity": 0.5,
            "routing.confidence": 0.5,
            "outcome.search_quality": 0.5,
            "outcome.user_satisfaction": 0.5,
        }
        span = tracer.start_span("signalbox.routing", attributes=attributes, start_time=began_ns + i * 10**9)
        span.set_status(Status(StatusCode.ERROR, "no video") if failed else Status(StatusCode.OK))
        span.end(began_ns + i * 10**9 + 5 * 10**8)
    provider.force_flush()
    provider.shutdown()
    reading = PhoenixSpans(Phoenix(phoenix))
    names = ("signalbox.routing",)
    eventually(lambda: sum(map(len, reading.read(project_of(tenant), names, 0.0, 4e9))) == count)


def label_in_phoenix(phoenix: str, span_id: str) -> None:
    """What a person does on Phoenix's pages."""
    Phoenix(phoenix).client.spans.add_span_annotation(
        span_id=span_id,
        annotation_name=NAME,
        annotator_kind="HUMAN",
        label="wrong",
        explanation="agent: beta",
        identifier="alice",
        sync=True,
    )


async def labels(connection: Connection, settings: Settings) -> list[Annotation]:
    return [decode(Annotation, each.value) for each in await read_records(connection, settings, ANNOTATION)]


async def requests(connection: Connection, settings: Settings) -> list[AnnotationRequest]:
    records = await read_records(connection, settings, ANNOTATION_REQUEST)
    return [decode(AnnotationRequest, each.value) for each in records]


async def metrics(connection: Connection, settings: Settings, tenant: str) -> dict[str, Any]:
    found = [s.tenants()[tenant] for s in await read_states(connection, settings) if tenant in s.tenants()]
    return found[0].metrics(time.time(), time.time()) if found else {}


@pytest.fixture
async def worker(connection: Connection, tmp_path: Path, phoenix: str) -> AsyncIterator[Started]:
    settings = orchestrated(connection, tmp_path, phoenix)
    async with services(Service(settings)) as (service,):
        await service.ready()
        yield settings, service


async def test_spans_are_requested_and_labelled_by_a_model_and_by_a_person(
    connection: Connection, tmp_path: Path, phoenix: str, tenant: str
) -> None:
    settings = orchestrated(connection, tmp_path, phoenix)
    await asyncio.to_thread(route, phoenix, tenant, 60)
    async with services(Service(settings)) as (service,):
        await service.ready()
        await run_cycles(connection, settings, tenant, 60.0, ("span_evaluation", "annotation"))
        assert (await metrics(connection, settings, tenant))["experiences_created"] == 60
        wanted = await requests(connection, settings)
        assert wanted[0].priority == "high"
        failed = next(each for each in wanted if each.chosen_agent == "alpha" and "video" in each.query)
        await asyncio.to_thread(label_in_phoenix, phoenix, failed.span_id or "")
        (feedback,) = await run_cycles(connection, settings, tenant, 60.0, ("feedback",))
        assert feedback.numbers["annotations_found"] == 1
        everybody = await labels(connection, settings)
        assert sum(each.kind == "llm" for each in everybody) == settings.auto_annotations
        told = [each for each in everybody if each.kind == "human"]
        assert [(each.decision_id, each.suggested_agent) for each in told] == [(failed.decision_id, "beta")]


async def test_a_second_cycle_repeats_nothing_and_a_killed_worker_remembers(
    connection: Connection, worker: Started, phoenix: str, tenant: str
) -> None:
    settings, service = worker
    await asyncio.to_thread(route, phoenix, tenant, 30)
    first = results_of(await run_cycles(connection, settings, tenant, 60.0))
    assert first["span_evaluation"]["spans_processed"] == 30
    assert set(first["span_evaluation"]["agent_distribution"]) == set(AGENTS)
    # The timers begin as soon as the tenant is known; one of the two has asked.
    asked = [(each.tenant_id, each.decision_id) for each in await requests(connection, settings)]
    assert len(asked) == len(set(asked)), asked[:3]
    assert len([each for each in asked if each[0] == tenant]) == 30, {t for t, _ in asked}
    await service.kill()
    async with services(Service(settings)) as (again,):
        await again.ready()
        second = results_of(await run_cycles(connection, settings, tenant, 60.0))
        assert second["span_evaluation"]["spans_processed"] == 0
        assert second["annotation_requests"] == 0
        found = await metrics(connection, settings, tenant)
        assert (found["spans_evaluated"], found["experiences_created"]) == (30, 30)
        assert found["annotations_requested"] == 30
        decisions = [each.decision_id for each in await requests(connection, settings)]
        assert len(decisions) == len(set(decisions))


async def test_tenants_that_only_phoenix_knows_are_found_and_never_mixed(
    connection: Connection, tmp_path: Path, phoenix: str, tenant: str
) -> None:
    other = f"{tenant}-b"
    await asyncio.to_thread(route, phoenix, tenant, 5)
    await asyncio.to_thread(route, phoenix, other, 7, 1)
    settings = orchestrated(connection, tmp_path, phoenix, span_eval_interval_minutes=0.02)
    async with services(Service(settings)) as (service,):
        await service.ready()

        async def both() -> bool:
            found = [await metrics(connection, settings, name) for name in (tenant, other)]
            return [each.get("spans_evaluated") for each in found] == [5, 7]

        await until(both, "the spans of two tenants")


async def test_phoenix_away_is_visible_and_harms_nothing(
    connection: Connection, tmp_path: Path, tenant: str
) -> None:
    settings = orchestrated(connection, tmp_path, "http://127.0.0.1:9")
    async with services(Service(settings)) as (service,):
        await service.ready()
        reports = await run_cycles(connection, settings, tenant, 60.0)
        result = results_of(reports)
        assert set(result["errors"]) == {"span_evaluation", "feedback"}
        assert "PhoenixUnavailable" in result["errors"]["span_evaluation"]
        assert result["annotation_requests"] == 0
        (state,) = [
            s.tenants()[tenant] for s in await read_states(connection, settings) if tenant in s.tenants()
        ]
        assert state.timers["span_evaluation"].failures >= 1
        assert await service.stop() == 0


async def test_nobody_answers_where_no_worker_runs(connection: Connection, tmp_path: Path, tenant: str) -> None:
    settings = orchestrated(connection, tmp_path, None)
    async with services(Service(settings)) as (service,):
        await service.ready()
        await service.stop()
    with pytest.raises(Retry, match="no worker has answered"):
        await run_cycles(connection, settings, tenant, 2.0)
