"""The cycles' state as changelog records, and back; none of it is written unless it changed."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from processors.cycles.remembered import Remembered
from processors.cycles.state import TenantCycles
from processors.partition_state import PartitionState

FORMER = "former"
"""The key of the offsets at which windows began that are kept no longer."""
KINDS = frozenset(("cycles", "spans", "requested", FORMER))

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(strict=False).decode


def changes(partition: PartitionState) -> dict[str, bytes]:
    """The records of what the last batch changed."""
    cycles, tenants = partition.cycles, partition.cycles.tenants
    records = {f"cycles/{key}": _encode(tenants[key].row()) for key in sorted(cycles.touched)}
    records |= {f"spans/{key}": _encode(tenants[key].spans.row()) for key in sorted(cycles.touched_spans)}
    records |= {
        f"requested/{key}": _encode(tenants[key].requested.row()) for key in sorted(cycles.touched_requested)
    }
    if partition.touched_former:
        records[FORMER] = _encode(partition.former_offsets)
    cycles.touched.clear()
    cycles.touched_spans.clear()
    cycles.touched_requested.clear()
    partition.touched_former = False
    cycles.written.update(records)
    return records


def restore(partition: PartitionState, records: Mapping[str, bytes]) -> None:
    """Take over what the changelog's records say of the cycles."""
    cycles = partition.cycles
    found = {key: _decode(value) for key, value in records.items() if _kind(key) in KINDS}
    cycles.written.update(found)
    partition.former_offsets = found.pop(FORMER, {})
    for key in sorted(found):  # "cycles/…" comes before "requested/…" and "spans/…"
        kind, _, tenant_key = key.partition("/")
        if kind == "cycles":
            cycles.tenants[tenant_key] = TenantCycles.restored(found[key])
        elif kind == "spans":
            cycles.tenants[tenant_key].spans = Remembered.restored(found[key])
        else:
            cycles.tenants[tenant_key].requested = Remembered.restored(found[key])


def _kind(key: str) -> str:
    return key.partition("/")[0]
