"""The worker's reader gives what `decode` gives, verdicts included, whatever it has read before."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import asdict

from processors import reading
from processors.reading import Reader
from signalbox.errors import InvalidEvent
from signalbox.events import RoutingDecision, RoutingOutcome, decode, encode
from signalbox.events.fields import MAX_EVENT_BYTES
from tests.processors.builders import COMPLETE, decision, outcome

DIGEST = "a" * 64
DECISION = encode(decision(policy_digest=DIGEST, outcome=COMPLETE))
OUTCOME = encode(outcome())

SPOILT = [
    None,
    b"",
    b"{",
    b"[" * 2000,
    b'"\xff"',
    b"{}",
    (b'"harbor"', b'"Harbor"'),
    (b'"harbor"', b'"harbor\\n"'),
    (b'"harbor"', b"7"),
    (b'"harbor"', b'"' + b"h" * MAX_EVENT_BYTES + b'"'),
    (b'"decision_id":"d1"', b'"decision_id":""'),
    (b"Z", b""),
    (b'"search_quality":0.92', b'"search_quality":1.92'),
]
OF_DECISIONS = [
    (b'"' + DIGEST.encode(), b'"' + DIGEST.upper().encode()),
    (b'"policy_digest"', b'"trial_digest":"none","policy_digest"'),
    (b'"chosen_agent":"search"', b'"chosen_agent":"nobody"'),
]
OF_OUTCOMES = [b'{"tenant_id":"harbor","occurred_at":"2025-06-15T15:06:40Z","decision_id":"d1"}']


def spoil(good: bytes, how: Any) -> bytes | None:
    return good.replace(*how) if isinstance(how, tuple) else how


def found(read: Any, data: bytes | None) -> Any:
    """The event's fields, or why there is none."""
    try:
        return asdict(read(data))
    except InvalidEvent as refusal:
        return refusal.reason, str(refusal)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        *((RoutingDecision, spoil(DECISION, how)) for how in (*SPOILT, *OF_DECISIONS)),
        *((RoutingOutcome, spoil(OUTCOME, how)) for how in (*SPOILT, *OF_OUTCOMES)),
    ],
)
def test_nothing_good_is_refused_and_nothing_bad_let_through(kind: Any, data: bytes | None) -> None:
    reader = Reader()
    read: Any = reader.decision if kind is RoutingDecision else reader.outcome
    good = DECISION if kind is RoutingDecision else OUTCOME
    expected = found(lambda given: decode(kind, given), data)
    assert not isinstance(expected, dict), "it is bad"
    assert found(read, data) == expected, "at first sight"
    for _ in range(2):
        assert found(read, good) == asdict(decode(kind, good))
        assert found(read, data) == expected, "after its names have been seen"


def test_a_bounded_number_of_names_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "REMEMBERED_NAMES", 4)
    reader = Reader()
    for i in range(12):
        made = decision(tenant_id=f"tenant-{i}", policy_digest=f"{i:064x}")
        assert asdict(reader.decision(encode(made))) == asdict(made)
        assert len(reader._tenants) + len(reader._digests) <= 6
