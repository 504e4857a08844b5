"""What could not be read or applied."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from signalbox.events.fields import Count, Timestamp, Version, keep_in_utc

DeadLetterReason = Literal[
    "not_json",
    "invalid",
    "too_large",
    "wrong_key",
    "unsupported_version",
    "empty_outcome",
    "from_the_future",
    "too_late",
    "no_decision",
]


class DeadLetter(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A record's original bytes with where it lay and why it was refused."""

    reason: DeadLetterReason
    message: str
    topic: str
    partition: Count
    offset: Count
    recorded_at: Timestamp
    key: bytes | None = None
    value: bytes | None = None
    schema_version: Version = 1

    def __post_init__(self) -> None:
        keep_in_utc(self, "recorded_at")
