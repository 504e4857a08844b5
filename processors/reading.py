"""Decisions and outcomes from bytes: exactly what `decode` gives, in two thirds of the time.

A third goes into the patterns that a tenant's id and a policy's digest must match, and of those there are few.
So here they are matched when they are first seen.
"""

from __future__ import annotations

from msgspec import DecodeError, json

from signalbox.events import RoutingDecision, RoutingOutcome, decode
from signalbox.events.fields import MAX_EVENT_BYTES

REMEMBERED_NAMES = 100_000


class _Decision(RoutingDecision, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    tenant_id: str
    policy_digest: str | None = None
    trial_digest: str | None = None


class _Outcome(RoutingOutcome, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    tenant_id: str


_decision = json.Decoder(_Decision).decode
_outcome = json.Decoder(_Outcome).decode


class Reader:
    """Remembers which names are good; whatever is not plainly good goes through `decode`, which says why."""

    def __init__(self) -> None:
        self._tenants: set[str] = set()
        self._digests: set[str | None] = {None}

    def decision(self, data: bytes | None) -> RoutingDecision:
        """The decision in `data`; raises `InvalidEvent` with reason, field and value."""
        if data is not None and len(data) <= MAX_EVENT_BYTES:
            try:
                read = _decision(data)
            except (DecodeError, UnicodeDecodeError, RecursionError):
                return decode(RoutingDecision, data)
            if (
                read.tenant_id in self._tenants
                and read.policy_digest in self._digests
                and read.trial_digest in self._digests
                and read.problem() is None
            ):
                return read
        event = decode(RoutingDecision, data)
        self._remember(event.tenant_id, event.policy_digest, event.trial_digest)
        return event

    def outcome(self, data: bytes | None) -> RoutingOutcome:
        """The outcome in `data`; raises `InvalidEvent` with reason, field and value."""
        if data is not None and len(data) <= MAX_EVENT_BYTES:
            try:
                read = _outcome(data)
            except (DecodeError, UnicodeDecodeError, RecursionError):
                return decode(RoutingOutcome, data)
            if read.tenant_id in self._tenants and (read.search_quality is not None or not read.is_empty):
                return read
        event = decode(RoutingOutcome, data)
        self._remember(event.tenant_id)
        return event

    def _remember(self, tenant_id: str, *digests: str | None) -> None:
        if len(self._tenants) + len(self._digests) >= REMEMBERED_NAMES:
            self._tenants.clear()
            self._digests = {None}
        self._tenants.add(tenant_id)
        self._digests.update(digests)
