"""Malformed records of many kinds: each has a reason code and a message naming field and value."""

import gzip
import json
from typing import Any

import pytest

from signalbox import events
from signalbox.errors import InvalidEvent
from signalbox.events import RoutingDecision, RoutingOutcome

GOOD: dict[str, Any] = {
    "tenant_id": "acme",
    "occurred_at": "2026-03-14T12:00:00Z",
    "decision_id": "d-1",
    "query": "Where is my parcel?",
    "candidate_agents": ["delivery", "billing"],
    "chosen_agent": "delivery",
}
BODY = json.dumps(GOOD).encode()


def with_fields(**fields: Any) -> bytes:
    return json.dumps(GOOD | fields).encode()


def without(name: str) -> bytes:
    return json.dumps({key: value for key, value in GOOD.items() if key != name}).encode()


def spliced(field: str, raw: bytes) -> bytes:
    return BODY.replace(json.dumps(GOOD[field]).encode(), raw)


MALFORMED: dict[str, tuple[bytes | None, str, str]] = {
    "no value": (None, "invalid", "RoutingDecision: the record has no value"),
    "empty": (b"", "not_json", "RoutingDecision: Input is a zero-length"),
    "plain text": (b"hello", "not_json", "RoutingDecision: unexpected character"),
    "cut off": (BODY[:-20], "not_json", "RoutingDecision: "),
    "trailing bytes": (BODY + b"}", "not_json", "RoutingDecision: unexpected content after document"),
    "compressed": (gzip.compress(BODY, mtime=0), "not_json", "not valid UTF-8"),
    "byte order mark": (b"\xef\xbb\xbf" + BODY, "not_json", "byte order mark"),
    "another encoding": (json.dumps(GOOD).encode("utf-16"), "not_json", "not valid UTF-8"),
    "broken UTF-8": (spliced("query", b'"\xff\xfe"'), "not_json", "not valid UTF-8"),
    "half a surrogate": (spliced("query", b'"\\ud800"'), "not_json", "surrogate"),
    "Python literals": (str(GOOD).encode(), "not_json", "RoutingDecision: "),
    "NaN": (spliced("query", b"NaN"), "not_json", "unexpected character"),
    "an endless nest": (spliced("query", b"[" * 5000 + b"]" * 5000), "not_json", "depth limit"),
    "a deep nest": (
        spliced("query", b"[" * 1000 + b"]" * 1000),
        "invalid",
        "query: Expected `str`, got `array`",
    ),
    "a list": (b"[1, 2]", "invalid", "RoutingDecision: Expected `object`, got `array`"),
    "null": (b"null", "invalid", "RoutingDecision: Expected `object`, got `null`"),
    "another event": (b'{"type": "heartbeat"}', "invalid", "missing required field `tenant_id`"),
    "a field missing": (without("query"), "invalid", "missing required field `query`"),
    "the wrong type": (with_fields(query=17), "invalid", "query: Expected `str`, got `int`; got 17"),
    "a number as text": (with_fields(propensity="0.5"), "invalid", "propensity: .*; got '0.5'"),
    "a truth as number": (with_fields(explored=1), "invalid", "explored: .*; got 1"),
    "out of range": (with_fields(confidence=1.5), "invalid", "confidence: .*<= 1.0; got 1.5"),
    "no agents": (with_fields(candidate_agents=[]), "invalid", r"candidate_agents: .*; got \[\]"),
    "too many agents": (with_fields(candidate_agents=["a"] * 513), "invalid", "candidate_agents: .*<= 512"),
    "an unknown word": (with_fields(modality="smell"), "invalid", "modality: Invalid enum value 'smell'"),
    "a bad digest": (with_fields(policy_digest="abc"), "invalid", "policy_digest: .*; got 'abc'"),
    "too long a text": (with_fields(query="x" * 8193), "invalid", "query: .*8192; got 'xxx"),
    "deep inside": (
        with_fields(entities=[{"text": "a"}, {"text": "b", "confidence": 2}]),
        "invalid",
        r"entities\[1\]\.confidence: .*; got 2",
    ),
    "a path through any key": (with_fields(outcome={"cost": -1}), "invalid", r"outcome\.cost: .*; got -1"),
    "a newer version": (
        with_fields(schema_version=2),
        "unsupported_version",
        "schema_version: 2, this reads 1",
    ),
    "too large": (with_fields(attributes={"a": "x" * 300_000}), "too_large", "bytes, at most 262144"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_record_is_refused_with_reason_field_and_value(name: str) -> None:
    data, reason, message = MALFORMED[name]
    with pytest.raises(InvalidEvent, match=message) as refused:
        events.decode(RoutingDecision, data)
    assert refused.value.reason == reason
    assert len(str(refused.value)) < 400, "a message stays readable whatever the record holds"


def test_the_record_that_all_of_these_were_made_from_is_good() -> None:
    assert events.decode(RoutingDecision, BODY).chosen_agent == "delivery"


def test_a_decision_is_no_outcome() -> None:
    with pytest.raises(InvalidEvent) as refused:
        events.decode(RoutingOutcome, BODY)
    assert refused.value.reason == "empty_outcome"
