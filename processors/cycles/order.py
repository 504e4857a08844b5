"""A cycle that is to run now, with what it must know of the partition's state."""

from __future__ import annotations

from msgspec import Struct

from processors.cycles.records import Cycle


class Memory(Struct, frozen=True, kw_only=True):
    """What the cycles of a tenant remember; hashes are those of `decision_hash` and `stable_hash`.

    `watermark_s` is up to when spans were read and `spans` are those of the overlap before it, `annotated_s` up
    to when Phoenix's annotations were; `requested` are decisions for which a label was asked, `labelled` those
    that have one; `examined_end` is an offset on `routing-experience`. `labels_processed` and
    `experiences_updated` count labels, and those that say something, since the last report of `feedback`.
    """

    watermark_s: float | None = None
    annotated_s: float | None = None
    spans: frozenset[int] = frozenset()
    requested: frozenset[int] = frozenset()
    labelled: frozenset[int] = frozenset()
    examined_end: int = 0
    labels_processed: int = 0
    experiences_updated: int = 0


class Order(Struct, frozen=True, kw_only=True):
    """Run `cycle` of a tenant; `at_s` is the tick's or the request's time, seconds since 1970."""

    tenant_key: str
    tenant_id: str
    cycle: Cycle
    at_s: float
    request_ids: tuple[str, ...] = ()
    memory: Memory = Memory()
