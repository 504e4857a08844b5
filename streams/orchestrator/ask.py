"""Asks the workers for a tenant's cycles now, and waits for what they report."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, TopicPartition

from processors.cycles.records import Cycle, CycleReport, CycleRequest, decode_record, encode_record
from processors.cycles.state import TenantCycles
from signalbox.connection import Connection
from signalbox.errors import Retry, Unusable
from signalbox.names import checked_tenant
from signalbox.topics import CYCLE
from streams.orchestrator.places import keys_of, partition_of
from streams.reading import partitions_of, plain_consumer
from streams.replay.recorded import read_state
from streams.settings import Settings
from streams.worker.output import Output
from streams.worker.policies import policies_from

ONCE: tuple[Cycle, ...] = ("span_evaluation", "annotation", "feedback")
"""The specification's `run_once`, in its order."""


async def run_cycles(
    connection: Connection,
    settings: Settings,
    tenant_id: str,
    timeout_s: float,
    cycles: Sequence[Cycle] = ONCE,
) -> list[CycleReport]:
    """The reports, in the order of the cycles, each of which begins when the one before has ended.

    Raises `Retry` where no worker reports one in `timeout_s` seconds, and `ConfigurationError` for a tenant_id
    that no tenant can have.
    """
    key, request_id = keys_of(settings, checked_tenant(tenant_id))[0], uuid4().hex
    output = Output(connection)
    await output.start()
    try:
        async with plain_consumer(connection) as consumer:
            place = await _place(consumer, settings, key)
            consumer.assign([place])
            consumer.seek(place, (await consumer.end_offsets([place]))[place])
            reports = []
            for cycle in cycles:
                request = CycleRequest(
                    tenant_id=tenant_id, cycle=cycle, request_id=request_id, at_s=time.time()
                )
                await output.send(place.topic, place.partition, [(key.encode(), encode_record(request))])
                try:
                    async with asyncio.timeout(timeout_s):
                        reports.append(await _answer(consumer, place, request))
                except TimeoutError:
                    raise Retry(
                        f"{cycle}: no worker has answered for tenant {tenant_id!r} in {timeout_s:g} s;"
                        " `signalbox status` says whether one runs"
                    ) from None
        return reports
    finally:
        await output.stop()


async def read_cycles(connection: Connection, settings: Settings, tenant_id: str) -> TenantCycles:
    """What the workers know of a tenant's cycles now; all 0 where they know nothing."""
    key = keys_of(settings, checked_tenant(tenant_id))[0]
    async with plain_consumer(connection, "read_committed") as consumer:
        number = partition_of(key, settings.partitions)
        partition = await read_state(consumer, settings, policies_from(settings), number)
    return partition.tenants().get(key) or TenantCycles()


async def _place(consumer: AIOKafkaConsumer, settings: Settings, key: str) -> TopicPartition:
    """Where a key's records lie, as many partitions as the topic really has."""
    try:
        places = await partitions_of(consumer, [settings.topic(CYCLE)])
    except Retry as error:
        raise Retry(f"{error}; a worker makes the topics when it starts") from None
    return places[partition_of(key, len(places))]


async def _answer(consumer: AIOKafkaConsumer, place: TopicPartition, request: CycleRequest) -> CycleReport:
    while True:
        for record in (await consumer.getmany(place, timeout_ms=200, max_records=1)).get(place, []):
            try:
                found = decode_record(record.value)
            except Unusable:
                continue
            if isinstance(found, CycleReport) and _answers(found, request):
                return found


def _answers(report: CycleReport, request: CycleRequest) -> bool:
    """Whether a report is the request's, or of a run that began later, in place of one that died."""
    if (report.tenant_id, report.cycle) != (request.tenant_id, request.cycle):
        return False
    return request.request_id in report.request_ids or report.started_s > request.at_s


def results_of(reports: Sequence[CycleReport]) -> dict[str, Any]:
    """The specification's result of a single cycle, from the three reports of it."""
    spans, annotation, feedback = reports
    return {
        "span_evaluation": {
            **_counts(spans, "spans_processed", "experiences_created", "ignored", "errors"),
            "avg_confidence": round(spans.numbers.get("avg_confidence", 0.0), 6),
            "success_rate": round(spans.numbers.get("success_rate", 0.0), 6),
            "agent_distribution": spans.agents,
        },
        **_counts(annotation, "annotation_requests", "annotations_generated", "annotation_failures"),
        "feedback_loop": {
            **_counts(
                feedback,
                "annotations_found",
                "annotations_processed",
                "experiences_created",
                "experiences_updated",
            ),
            "optimizer_updated": bool(feedback.numbers.get("optimizer_updated", 0.0)),
        },
        "errors": {each.cycle: each.error for each in reports if each.error is not None},
    }


def _counts(report: CycleReport, *names: str) -> dict[str, int]:
    return {name: int(report.numbers.get(name, 0)) for name in names}
