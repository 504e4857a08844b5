"""What the join keeps of decisions and outcomes until they have met."""

from __future__ import annotations

from functools import reduce

from msgspec import Raw, Struct, json

from processors.intake import SourceRecord
from signalbox.events import RoutingDecision, RoutingOutcome, Signals, decode


class Waiting(Struct, frozen=True, array_like=True, gc=False):
    """A decision that may still get (more of) its outcome.

    New fields go to the end and have defaults: rows of earlier versions lack them.
    """

    hash: int
    occurred_s: float
    tenant_key: str
    tenant_id: str
    decision_id: str
    agent: str
    modality: str
    propensity: float | None
    raw: bytes
    cost_weight: float | None = None


class Part(Struct, frozen=True, array_like=True, gc=False):
    """One outcome of a decision: its event time, and the record that it came in (stamp in milliseconds)."""

    occurred_s: float
    offset: int
    timestamp: int
    key: bytes
    value: bytes

    @classmethod
    def of(cls, record: SourceRecord, occurred_s: float) -> Part:
        """What is kept of a record; most outcomes settle their decision, and then nothing is."""
        return cls(occurred_s, record.offset, record.timestamp, record.key or b"", record.value or b"")


class Parts(Struct, frozen=True, array_like=True, gc=False):
    """The outcomes known of a decision that is not settled; without a decision yet they are early."""

    occurred_s: float
    revision: int
    parts: tuple[Part, ...]


class Joined(Struct, frozen=True, array_like=True, gc=False):
    """What the join found out: an experience to be made, in place of the one with `previous` signals."""

    decision: Waiting
    signals: Signals
    revision: int
    previous: Signals | None = None


def merged(parts: tuple[Part, ...]) -> Signals:
    """All parts together; of a signal that several have, the newest by event time counts."""
    ordered = sorted(parts, key=lambda p: (p.occurred_s, p.offset)) if len(parts) > 1 else parts
    found = [decode(RoutingOutcome, part.value).signals() for part in ordered]
    return reduce(Signals.updated_with, found) if found else Signals()


def with_outcome(first: bytes, second: bytes) -> bytes:
    """The first report of a decision with the outcome of the second, and nothing else of that."""
    fields = json.decode(first, type=dict[str, Raw])
    fields["outcome"] = json.decode(second, type=dict[str, Raw])["outcome"]
    return json.encode(fields)


def inline_outcome(waiting: Waiting) -> Signals | None:
    """The outcome that the decision itself brought, if any."""
    # The decision's own bytes say whether it brought an outcome: nothing else has to be kept for it.
    if b'"outcome"' not in waiting.raw:
        return None
    return decode(RoutingDecision, waiting.raw).outcome


class _Digests(Struct, frozen=True, gc=False):
    policy_digest: str | None = None
    trial_digest: str | None = None


_digests = json.Decoder(_Digests).decode


def digests_of(waiting: Waiting) -> tuple[str | None, str | None]:
    """The policy that decided, and the candidate on trial where it disagreed, as the decision's bytes say."""
    found = _digests(waiting.raw)
    return found.policy_digest, found.trial_digest
