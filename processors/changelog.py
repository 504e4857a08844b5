"""A partition's state as changelog records, and back.

Every batch gives one atomic set of records: the rows it touched, the agents and scopes it changed, and `meta`
with the cursors. What is recovered is therefore always a state together with what was applied to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from processors.cycles.changelog import changes as cycle_changes
from processors.cycles.changelog import restore as restore_cycles
from processors.partition import Partition
from processors.policies import Policies
from processors.rows import RowLog, batch_of
from processors.scope import ScopeState
from processors.statistics import AgentStatistics
from processors.window import Row
from signalbox.errors import Stop
from signalbox.standing import run_name

META = "meta"
Records = dict[str, bytes | None]

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode


def changes(partition: Partition) -> Records:
    """The changelog records of the batch that was just applied; None is a tombstone."""
    records: Records = {}
    ledger = partition.ledger
    for log in _row_logs(partition):
        written, tombstones = log.write(partition.batch)
        records.update(written)
        records.update(dict.fromkeys(tombstones))
    for place in ledger.touched_agents:
        records[f"agent/{'/'.join(place)}"] = _encode([*place, *ledger.agents[place].row()])
    for place in ledger.touched_scopes:
        records[f"scope/{'/'.join(place)}"] = _encode([*place, *ledger.scopes[place].row()])
    records.update(cycle_changes(partition))
    ledger.touched_agents.clear()
    ledger.touched_scopes.clear()
    records[META] = _encode(
        {
            "batch": partition.batch,
            "cursors": partition.cursors,
            "event_s": partition.event_s,
            "expired_until_s": partition.join.expired_until_s,
            "first_offsets": partition.first_offsets,
            "experiences_end": partition.experiences_end,
            "records": _record_count(partition),
            "experience_batch": partition.experience_batch,
        }
    )
    return records


def recover(number: int, policies: Policies, nonce: str, records: Mapping[str, bytes]) -> Partition:
    """The partition whose state `records` hold; its next batch begins a run of its own."""
    meta: dict[str, Any] = _decode(records[META]) if META in records else {}
    # Faust logs an error in recovery and goes on without the record; half a state would be worse than none.
    if meta and meta["records"] != len(records) - 1:
        raise Stop(
            f"partition {number}: its changelog has {len(records) - 1} records, {meta['records']} were written"
        )
    batch = meta.get("batch", 0)
    experience_batch = meta.get("experience_batch", 0)
    partition = Partition(number, policies, run_name(experience_batch + 1, nonce))
    partition.batch = batch
    partition.experience_batch = experience_batch
    partition.cursors = dict(meta.get("cursors", {}))
    partition.event_s = dict(meta.get("event_s", {}))
    partition.first_offsets = dict(meta.get("first_offsets", {}))
    partition.experiences_end = meta.get("experiences_end", 0)
    partition.join.expired_until_s = meta.get("expired_until_s", 0.0)
    logs = {log.name: log for log in _row_logs(partition)}
    for key in sorted((key for key in records if _kind(key) in logs), key=batch_of):
        kind, value = _kind(key), records[key]
        tag, rows = _decode(value)
        logs[kind].restore(key, tag, _restore_rows(partition, kind, tag, rows), len(value))
    restore_cycles(partition, records)
    for key, value in records.items():
        kind = _kind(key)
        if kind == "agent":
            tenant_key, agent, *fields = _decode(value)
            partition.ledger.agents[tenant_key, agent] = AgentStatistics(*fields)
        elif kind == "scope":
            tenant_key, scope, *fields = _decode(value)
            partition.ledger.scopes[tenant_key, scope] = ScopeState.restored(fields)
    partition.restored()
    return partition


def _kind(key: str) -> str:
    return key.partition("/")[0]


def _record_count(partition: Partition) -> int:
    """How many keys, apart from `meta`, the state has on the changelog."""
    chunks = sum(len(log) for log in _row_logs(partition))
    ledger = partition.ledger
    return chunks + len(ledger.agents) + len(ledger.scopes) + len(partition.cycles.written)


def _row_logs(partition: Partition) -> tuple[RowLog[Any], ...]:
    ledger = partition.ledger
    return *partition.join.row_logs(), ledger.buffer_rows, ledger.limit_rows, partition.labels.rows


def _restore_rows(partition: Partition, kind: str, tag: int, rows: list[Any]) -> list[Any]:
    ledger = partition.ledger
    if kind == "buffer":
        for tenant_key, decision, reward, revision, stratum in rows:
            row = Row(decision, reward, revision, tuple(stratum))
            ledger.buffer(tenant_key).window(tag).restore(row)
        return [(row[0], row[1]) for row in rows]
    if kind == "limit":
        for tenant_key, stratum, left_out in rows:
            ledger.buffer(tenant_key).window(tag).limit(tuple(stratum), left_out)
        return [(row[0], tuple(row[1])) for row in rows]
    if kind == "label":
        return partition.labels.restore(rows)
    return partition.join.restore(kind, tag, rows)
