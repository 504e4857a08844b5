"""Asks the workers for a tenant's cycles now, and waits for what they report."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, TopicPartition

from processors.cycles.records import CYCLES, Cycle, CycleReport, CycleRequest, decode_record, encode_record
from processors.cycles.state import TenantCycles
from signalbox.connection import Connection
from signalbox.errors import Retry, Unusable
from signalbox.names import checked_tenant
from signalbox.topics import CYCLE
from streams.orchestrator.places import keys_of, partition_of
from streams.orchestrator.results import merged
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
    """What the cycles came to, in their order; each begins when the one before has ended.

    What the timers' own runs of a cycle did meanwhile is added: else it would be in nobody's result.
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
            seen: dict[Cycle, list[CycleReport]] = {cycle: [] for cycle in CYCLES}
            begun_s = time.time()
            for cycle in cycles:
                request = CycleRequest(
                    tenant_id=tenant_id, cycle=cycle, request_id=request_id, at_s=time.time()
                )
                await output.send(place.topic, place.partition, [(key.encode(), encode_record(request))])
                try:
                    async with asyncio.timeout(timeout_s):
                        async for report in _reports(consumer, place, tenant_id):
                            is_answer = _answers(report, request)
                            if is_answer or report.started_s > begun_s:
                                seen[report.cycle].append(report)
                            if is_answer:
                                break
                except TimeoutError:
                    raise Retry(
                        f"{cycle}: no worker has answered for tenant {tenant_id!r} in {timeout_s:g} s;"
                        " `signalbox status` says whether one runs"
                    ) from None
        return [merged(seen[cycle]) for cycle in cycles]
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


async def _reports(
    consumer: AIOKafkaConsumer, place: TopicPartition, tenant_id: str
) -> AsyncIterator[CycleReport]:
    """The tenant's reports, as they come."""
    while True:
        for record in (await consumer.getmany(place, timeout_ms=200, max_records=1)).get(place, []):
            try:
                found = decode_record(record.value)
            except Unusable:
                continue
            if isinstance(found, CycleReport) and found.tenant_id == tenant_id:
                yield found


def _answers(report: CycleReport, request: CycleRequest) -> bool:
    """Whether a report is the request's, or of a run that began later, in place of one that died."""
    began_later = report.started_s > request.at_s
    return report.cycle == request.cycle and (request.request_id in report.request_ids or began_later)
