"""The worker at full load: how fast, at what cost, and what it writes to its changelog."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec

from benchmarks.throughput.child import Worker
from benchmarks.throughput.feed import stored_bytes, tail
from benchmarks.throughput.result import Result
from processors.journal import JournalEntry
from signalbox.connection import Connection
from signalbox.errors import Stop
from signalbox.topics import JOURNAL
from streams.settings import load_settings

LIMIT_S = 180.0

_entry = msgspec.json.Decoder(JournalEntry).decode


async def measure(connection: Connection, prefix: str, events: int, folder: Path) -> tuple[Result, float]:
    """Rate and cost of the real worker on `events` events, and changelog bytes (keys and values) per event.

    The journal says which batch was done when: time and processor time run from the first batch's end to the
    last's, so that a process's start is not in them.
    """
    with Worker(connection, prefix, folder) as worker:
        result = await _follow(worker, connection, prefix + JOURNAL, events)
    changelog = load_settings(topic_prefix=prefix).changelog_topic
    return result, await stored_bytes(connection, changelog) / events


async def _follow(worker: Worker, connection: Connection, journal: str, events: int) -> Result:
    deadline = time.monotonic() + LIMIT_S
    done = done_before = 0
    stamps: list[int] = []
    cpu_before = cpu_s = worker.cpu_s()
    async for records in tail(connection, journal):
        cpu_s = worker.cpu_s()
        done += sum(entry.end - entry.start for entry in (_entry(record.value) for record in records))
        stamps += [record.timestamp for record in records]
        if records and not done_before:
            done_before, cpu_before = done, cpu_s
            stamps = [max(stamps)]
        if done >= events:
            break
        if time.monotonic() > deadline:
            raise Stop(f"the worker applied {done} of {events} events in {LIMIT_S:.0f} s")
    return Result(events - done_before, (max(stamps) - stamps[0]) / 1000, cpu_s - cpu_before)
