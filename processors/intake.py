"""What must hold of a source record before its event may change anything."""

from __future__ import annotations

from typing import Protocol

from signalbox.errors import Unusable
from signalbox.events import DeadLetter, Event, epoch_s, moment_at

REMEMBERED_KEYS = 100_000


class SourceRecord(Protocol):
    """A Kafka record as aiokafka gives it; `timestamp` is in milliseconds."""

    @property
    def offset(self) -> int: ...  # noqa: D102
    @property
    def timestamp(self) -> int: ...  # noqa: D102
    @property
    def key(self) -> bytes | None: ...  # noqa: D102
    @property
    def value(self) -> bytes | None: ...  # noqa: D102


class Intake:
    """Checks an event against its record: the tenant in the key, the time against the broker's stamp."""

    def __init__(self, max_future_s: int) -> None:
        self.max_future_s = max_future_s
        self._keys: dict[bytes | None, tuple[str, str]] = {}

    def check(self, event: Event, record: SourceRecord) -> tuple[str, float]:
        """The tenant key and the event time in seconds; raises `Unusable`."""
        known = self._keys.get(record.key) or self._read(record.key)
        if known[1] != event.tenant_id:
            raise Unusable("wrong_key", f"key {known[0]!r}: the event's tenant_id is {event.tenant_id!r}")
        occurred_s = epoch_s(event.occurred_at)
        ahead_s = occurred_s - record.timestamp / 1000
        if ahead_s > self.max_future_s:
            raise Unusable(
                "from_the_future",
                f"occurred_at: {event.occurred_at.isoformat()} is {ahead_s:.0f} s ahead of the record's time"
                f" stamp, at most {self.max_future_s} s are allowed",
            )
        return known[0], occurred_s

    def _read(self, key: bytes | None) -> tuple[str, str]:
        try:
            tenant_key = (key or b"").decode()
        except UnicodeDecodeError:
            raise Unusable("wrong_key", f"key {key!r}: it is not UTF-8") from None
        tenant_id, sign, shard = tenant_key.partition("#")
        if sign and not shard.isdecimal():
            raise Unusable("wrong_key", f"key {tenant_key!r}: what follows '#' is not a shard's number")
        known = tenant_key, tenant_id
        if len(self._keys) < REMEMBERED_KEYS:
            self._keys[key] = known
        return known


def dead_letter(topic: str, partition: int, record: SourceRecord, reason: str, message: str) -> DeadLetter:
    """A refused record with its bytes and where it lay."""
    return DeadLetter(
        reason=reason,  # type: ignore[arg-type]  # a test compares the reasons raised with those declared
        message=message,
        topic=topic,
        partition=partition,
        offset=record.offset,
        recorded_at=moment_at(record.timestamp / 1000),
        key=record.key,
        value=record.value,
    )
