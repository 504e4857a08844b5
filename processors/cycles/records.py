"""What lies on the internal topic `cycle`: ticks, requests, and what a cycle that has run says of itself."""

from __future__ import annotations

from typing import Literal, get_args

import msgspec
from msgspec import Struct

from signalbox.errors import Unusable
from signalbox.events.fields import TenantId

Cycle = Literal["span_evaluation", "annotation", "feedback", "metrics"]
CYCLES: tuple[Cycle, ...] = get_args(Cycle)


class Tick(Struct, frozen=True, kw_only=True, tag="tick"):
    """The leader's clock, seconds since 1970; every partition gets one."""

    at_s: float


class CycleRequest(Struct, frozen=True, kw_only=True, tag="request"):
    """Run a cycle of a tenant now, whatever the timer says; its report carries the `request_id`."""

    tenant_id: TenantId
    cycle: Cycle
    request_id: str
    at_s: float


class CycleReport(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="report"):
    """What a cycle did; the partition's state changes by this and by nothing else that a cycle does.

    `numbers` are the result's keys that are numbers, `agents` counts what they chose, `scopes` has a scope's
    metrics by name. `watermark_s` is up to when spans (or, by `feedback`, annotations) were read; `spans` are
    the hashes of those that were new, with the seconds at which they began; `requested` are the hashes of
    decisions for which a label was asked; `examined_end` is the offset on `routing-experience` up to which
    decisions were looked at; `more` says that there was more than one cycle takes, so that the next is due at
    once. A cycle that failed says only `error`.
    """

    tenant_id: TenantId
    cycle: Cycle
    started_s: float
    ended_s: float
    request_ids: tuple[str, ...] = ()
    error: str | None = None
    numbers: dict[str, float] = {}
    agents: dict[str, int] = {}
    scopes: dict[str, dict[str, float]] = {}
    watermark_s: float | None = None
    spans: tuple[tuple[int, float], ...] = ()
    requested: tuple[int, ...] = ()
    examined_end: int | None = None
    more: bool = False


CycleRecord = Tick | CycleRequest | CycleReport

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[CycleRecord] = msgspec.json.Decoder(CycleRecord)


def encode_record(record: CycleRecord) -> bytes:
    """The record as JSON."""
    return _encoder.encode(record)


def decode_record(data: bytes | None) -> CycleRecord:
    """The record in `data`; raises `Unusable` with what is wrong."""
    try:
        return _decoder.decode(data or b"")
    except msgspec.ValidationError as error:
        raise Unusable("invalid", f"cycle: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unusable("not_json", f"cycle: {error}") from None
