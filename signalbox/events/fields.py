"""The types that event fields share, with their ranges."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from msgspec import Meta, Struct, structs

MAX_EVENT_BYTES = 256 * 1024
"""A larger event is refused unread: no query or entity list comes near it, and Kafka's own limit is 1 MB."""

MAX_RECORD_BYTES = 2 * 1024 * 1024
"""What holds another record may be larger: a dead letter has up to 1 MB, Kafka's own limit, in base64."""

MAX_NESTING = 32
"""Free-form fields nest no deeper, so that whoever reads, prints or writes them meets no recursion limit."""

# "$" alone would let a newline stand at the end in Python, unlike in every other language.
_END = r"(?!\n)$"

TenantId = Annotated[
    str,
    Meta(
        pattern="^[a-z0-9][a-z0-9_-]{0,62}" + _END,
        description="Lower-case letters, digits, '-' and '_'; it becomes part of keys and paths.",
    ),
]
Id = Annotated[str, Meta(min_length=1, max_length=128)]
AgentName = Annotated[str, Meta(min_length=1, max_length=128)]
Scope = Annotated[str, Meta(pattern="^[a-z_]+(:[a-z0-9_-]+)?" + _END, max_length=64)]
Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}" + _END, description="SHA-256, hexadecimal.")]
Text = Annotated[str, Meta(max_length=8192)]
Ratio = Annotated[float, Meta(ge=0.0, le=1.0)]
Probability = Annotated[float, Meta(ge=0.0, le=1.0)]
Propensity = Annotated[float, Meta(gt=0.0, le=1.0)]
DurationS = Annotated[float, Meta(ge=0.0, le=86_400.0, description="Seconds.")]
Cost = Annotated[float, Meta(ge=0.0, le=1e9)]
Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Timestamp = Annotated[
    datetime,
    Meta(
        tz=True,
        description="RFC 3339 with an offset; kept in UTC.",
        extra_json_schema={"pattern": "([Zz]|[+-][0-9]{2}:?[0-9]{2})$"},
    ),
]
Version = Annotated[int, Meta(ge=1, le=1, description="The schema's major version.")]


class Event(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What every event carries. Unknown fields are ignored, so that a newer writer breaks no older reader."""

    tenant_id: TenantId
    occurred_at: Timestamp
    schema_version: Version = 1

    def __post_init__(self) -> None:
        if getattr(self.occurred_at, "tzinfo", None) is not UTC:
            keep_in_utc(self, "occurred_at")


def epoch_s(moment: datetime) -> float:
    """Seconds since 1970 of an aware moment; the unit of time inside processors."""
    return moment.timestamp()


def moment_at(seconds: float) -> datetime:
    """The UTC moment that lies `seconds` after 1970."""
    return datetime.fromtimestamp(seconds, UTC)


def keep_in_utc(event: Struct, *names: str) -> None:
    """Turn the named moments of an event in the making into UTC; `decode` refuses those without an offset."""
    for name in names:
        moment = getattr(event, name)
        if isinstance(moment, datetime) and moment.tzinfo is not None:
            try:
                structs.force_setattr(event, name, moment.astimezone(UTC))
            except OverflowError:
                raise ValueError(f"{name}: {moment.isoformat()} has no place in UTC") from None


def too_deep(value: Any, levels: int = MAX_NESTING) -> bool:
    """Whether lists and objects nest more than `levels` deep in `value`."""
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, (list, tuple)):
        return False
    return levels == 0 or any(too_deep(item, levels - 1) for item in value)
