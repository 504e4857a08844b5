"""How long a killed worker takes until it is at work again, with everything that it knew."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import msgspec

from benchmarks.throughput.child import Worker
from benchmarks.throughput.events import (
    PARTITIONS,
    TENANTS_A_PARTITION,
    Event,
    decision_bytes,
    outcome_bytes,
    tenants_of_partitions,
)
from benchmarks.throughput.feed import tail, write
from processors.journal import JournalEntry
from signalbox.connection import Connection
from signalbox.errors import Stop
from signalbox.events import Signals
from signalbox.topics import JOURNAL, ROUTING_DECISION, ROUTING_EXPERIENCE, ROUTING_OUTCOME

LIMIT_S = 180.0
A_WINDOW = 900
"""Buffered experiences per tenant and window: below a window's capacity, so that all of them are kept."""
WINDOW_S = 3600

_entry = msgspec.json.Decoder(JournalEntry).decode


class _Identity(msgspec.Struct):
    decision_id: str


_identity = msgspec.json.Decoder(_Identity).decode


async def measure(connection: Connection, prefix: str, rows: int, folder: Path) -> float:
    """Seconds from a restart after SIGKILL, with `rows` buffered experiences and as many pending decisions.

    It is at work again when, on every partition, an outcome that was written after the kill has met its
    decision, which was pending before, and their experience is published.
    """
    random = Random(rows)
    late: dict[str, Event] = {}
    count = await write(connection, prefix, _state(rows, random, late))
    with Worker(connection, prefix, folder) as worker:
        await _until_applied(worker, connection, prefix + JOURNAL, count)
        worker.kill()
        await write(connection, prefix, late.values())
        began = time.monotonic()
        worker.start()
        await _until_joined(worker, connection, prefix + ROUTING_EXPERIENCE, set(late))
        return time.monotonic() - began


def _state(rows: int, random: Random, late: dict[str, Event]) -> Iterator[Event]:
    """Decisions that bring their outcome, over some hours, then those that wait; `late` gets some outcomes."""
    tenants = [(p, tenant) for p, here in tenants_of_partitions().items() for tenant in here]
    now_s = time.time()
    complete = Signals(search_quality=0.8, agent_success=True, user_satisfaction=0.9, processing_time_s=1.0)
    windows = -(-rows // (len(tenants) * A_WINDOW))
    for i in range(rows):
        partition, tenant = tenants[i % len(tenants)]
        occurred_s = now_s - (windows - i / rows * windows) * WINDOW_S - 300
        decision = decision_bytes(tenant, f"{random.getrandbits(128):032x}", occurred_s, random, complete)
        yield Event(ROUTING_DECISION, partition, tenant.encode(), decision)
    for i in range(rows):
        partition, tenant = tenants[i % len(tenants)]
        decision_id = f"{random.getrandbits(128):032x}"
        occurred_s = now_s - 300 + i / rows * 200
        decision = decision_bytes(tenant, decision_id, occurred_s, random)
        yield Event(ROUTING_DECISION, partition, tenant.encode(), decision)
        if i < PARTITIONS * TENANTS_A_PARTITION:
            outcome = outcome_bytes(tenant, decision_id, occurred_s + 2, random)
            late[decision_id] = Event(ROUTING_OUTCOME, partition, tenant.encode(), outcome)


async def _until_applied(worker: Worker, connection: Connection, journal: str, count: int) -> None:
    deadline = time.monotonic() + LIMIT_S
    async for records in tail(connection, journal):
        count -= sum(entry.end - entry.start for entry in (_entry(record.value) for record in records))
        if count <= 0:
            return
        _check(worker, deadline)


async def _until_joined(worker: Worker, connection: Connection, topic: str, missing: set[str]) -> None:
    deadline = time.monotonic() + LIMIT_S
    async for records in tail(connection, topic):
        missing -= {_identity(record.value).decision_id for record in records}
        if not missing:
            return
        _check(worker, deadline)


def _check(worker: Worker, deadline: float) -> None:
    if worker.pid and time.monotonic() > deadline:
        raise Stop(f"the worker did not get there in {LIMIT_S:.0f} s")
