"""Ranges, NaN, tenant names, sizes, versions: what the boundary promises, field by field."""

import json
import math
from datetime import UTC, datetime
from typing import Any

import pytest

from signalbox import events
from signalbox.errors import InvalidEvent
from signalbox.events import DeadLetter, Experience, RoutingDecision, RoutingOutcome, WorkflowExecution
from signalbox.events.fields import MAX_EVENT_BYTES, MAX_NESTING, MAX_RECORD_BYTES

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
DECISION: dict[str, Any] = {
    "tenant_id": "acme",
    "occurred_at": "2026-03-14T12:00:00Z",
    "decision_id": "d-1",
    "query": "Where is my parcel?",
    "candidate_agents": ["delivery", "billing"],
    "chosen_agent": "delivery",
}
OUTCOME: dict[str, Any] = {
    "tenant_id": "acme",
    "occurred_at": "2026-03-14T12:00:00Z",
    "decision_id": "d-1",
    "search_quality": 0.5,
}


def decision(**fields: Any) -> RoutingDecision:
    return events.decode(RoutingDecision, json.dumps(DECISION | fields).encode())


def outcome(**fields: Any) -> RoutingOutcome:
    return events.decode(RoutingOutcome, json.dumps(OUTCOME | fields).encode())


@pytest.mark.parametrize(
    ("field", "lowest", "highest"),
    [
        ("search_quality", 0.0, 1.0),
        ("user_satisfaction", 0.0, 1.0),
        ("processing_time_s", 0.0, 86_400.0),
        ("cost", 0.0, 1e9),
        ("result_count", 0, 2**63 - 1),
    ],
)
def test_a_signal_is_read_at_its_limits_and_refused_beyond(field: str, lowest: float, highest: float) -> None:
    assert getattr(outcome(**{field: lowest}), field) == lowest
    assert getattr(outcome(**{field: highest}), field) == highest
    step = 1 if isinstance(lowest, int) else 0.001
    for beyond in (lowest - step, highest + step):
        with pytest.raises(InvalidEvent, match=rf"RoutingOutcome\.{field}: .*; got {beyond}"):
            outcome(**{field: beyond})


def test_a_propensity_of_zero_is_refused_because_it_could_not_have_been_chosen() -> None:
    assert decision(propensity=1e-6).propensity == 1e-6
    with pytest.raises(InvalidEvent, match=r"RoutingDecision\.propensity: .*> 0.*; got 0"):
        decision(propensity=0)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_nan_and_infinity_are_refused_when_read_and_when_written(number: float) -> None:
    with pytest.raises(InvalidEvent) as read:
        outcome(cost=number)
    assert read.value.reason == "not_json"
    written = RoutingOutcome(
        tenant_id="acme", occurred_at=NOON, decision_id="d", agent_success=True, cost=number
    )
    with pytest.raises(InvalidEvent, match=rf"RoutingOutcome\.cost: {number} is not a finite number"):
        events.encode(written)


def test_nan_is_found_deep_inside_free_form_fields() -> None:
    event = decision()
    nested = RoutingDecision(
        tenant_id="acme",
        occurred_at=NOON,
        decision_id="d",
        query="q",
        candidate_agents=event.candidate_agents,
        chosen_agent="billing",
        attributes={"scores": [1.0, {"late": math.nan}], "none": None},
    )
    with pytest.raises(InvalidEvent, match=r"attributes\.scores\[1\]\.late: nan"):
        events.encode(nested)


@pytest.mark.parametrize("tenant", ["a", "0", "acme", "acme-eu_1", "x" * 63])
def test_a_plain_tenant_name_is_read(tenant: str) -> None:
    assert outcome(tenant_id=tenant).tenant_id == tenant


@pytest.mark.parametrize(
    "tenant", ["", "Acme", "a/b", "..", "a#1", "-a", "_a", "a b", "acme\n", "ä", "x" * 64, "a\x00", None, 7]
)
def test_a_tenant_name_that_could_break_a_key_or_a_path_is_refused(tenant: Any) -> None:
    with pytest.raises(InvalidEvent, match=r"RoutingOutcome\.tenant_id: ") as refused:
        outcome(tenant_id=tenant)
    assert repr(tenant)[:70] in str(refused.value)


def test_the_tenant_is_mandatory() -> None:
    body = {name: value for name, value in OUTCOME.items() if name != "tenant_id"}
    with pytest.raises(InvalidEvent, match="missing required field `tenant_id`"):
        events.decode(RoutingOutcome, json.dumps(body).encode())


def test_an_event_of_just_the_largest_size_is_read_and_one_byte_more_refused() -> None:
    body = json.dumps(OUTCOME).encode()
    padded = body + b" " * (MAX_EVENT_BYTES - len(body))
    assert events.decode(RoutingOutcome, padded) == outcome()
    with pytest.raises(
        InvalidEvent, match=f"{MAX_EVENT_BYTES + 1} bytes, at most {MAX_EVENT_BYTES}"
    ) as refused:
        events.decode(RoutingOutcome, padded + b" ")
    assert refused.value.reason == "too_large"


def test_an_experience_may_be_larger_than_the_decision_that_it_holds() -> None:
    largest = decision(attributes={"text": "x" * (MAX_EVENT_BYTES - 400)})
    experience = Experience(
        tenant_id="acme",
        occurred_at=NOON,
        decision_id="d-1",
        reward=0.5,
        reward_version="r1",
        outcome=outcome(error_class="y" * 600).signals(),
        decision=largest,
        source="routing-outcome/0/0",
        run="r",
        batch=0,
    )
    written = events.encode(experience)
    assert len(written) > MAX_EVENT_BYTES
    assert events.decode(Experience, written) == experience
    with pytest.raises(InvalidEvent, match=f"at most {MAX_RECORD_BYTES}"):
        events.decode(Experience, written + b" " * MAX_RECORD_BYTES)


def test_a_dead_letter_holds_the_largest_record_that_kafka_takes() -> None:
    letter = DeadLetter(
        reason="too_large",
        message="RoutingDecision: 1048576 bytes, at most 262144",
        topic="routing-decision",
        partition=0,
        offset=1,
        recorded_at=NOON,
        key=b"acme",
        value=bytes(range(256)) * 4096,
    )
    assert events.decode(DeadLetter, events.encode(letter)) == letter


@pytest.mark.parametrize("version", [0, 2, 17, "2", None])
def test_another_version_is_refused_under_its_own_reason(version: Any) -> None:
    with pytest.raises(InvalidEvent, match="schema_version") as refused:
        outcome(schema_version=version)
    assert refused.value.reason == "unsupported_version"
    assert repr(version) in str(refused.value)


def test_an_unknown_version_is_told_even_where_newer_fields_would_not_decode() -> None:
    with pytest.raises(InvalidEvent) as refused:
        outcome(schema_version=2, search_quality={"mean": 0.5})
    assert refused.value.reason == "unsupported_version"


def test_unknown_fields_of_a_newer_writer_are_ignored_at_every_level() -> None:
    newer = decision(colour="red", entities=[{"text": "parcel", "wiki": {"id": 7}}], outcome={"mood": 1})
    assert newer.entities[0].text == "parcel"
    assert b"colour" not in events.encode(newer)


def test_decisions_are_checked_across_their_fields() -> None:
    wrong = {
        r"chosen_agent: 'sales' is not among": {"chosen_agent": "sales"},
        r"the same agent is named twice": {"candidate_agents": ["delivery", "delivery"]},
        r"probabilities: 1 for 2": {"probabilities": [1.0]},
        r"probabilities: they sum to 0.9": {"probabilities": [0.5, 0.4]},
        r"propensity: 0.3 but probabilities give": {"probabilities": [0.5, 0.5], "propensity": 0.3},
    }
    for message, fields in wrong.items():
        with pytest.raises(InvalidEvent, match=message) as refused:
            decision(**fields)
        assert refused.value.reason == "invalid"
    rounded = decision(probabilities=[0.3333, 0.6664], propensity=0.333)
    assert rounded.propensity == 0.333


def test_free_form_fields_nest_as_deep_as_promised_and_no_deeper() -> None:
    def nested(levels: int) -> Any:
        return {"x": nested(levels - 1)} if levels else 1

    assert decision(attributes=nested(MAX_NESTING)).attributes
    with pytest.raises(InvalidEvent, match=f"attributes: nested more than {MAX_NESTING} deep"):
        decision(attributes=nested(MAX_NESTING + 1))
    row = {**OUTCOME, "workflow_id": "w", "query": "q", "success": True, "metadata": nested(MAX_NESTING + 1)}
    with pytest.raises(InvalidEvent, match=r"WorkflowExecution\.metadata: nested"):
        events.decode(WorkflowExecution, json.dumps(row).encode())


def test_an_outcome_that_says_nothing_has_its_own_reason() -> None:
    silences: tuple[dict[str, Any], ...] = (
        {"search_quality": None},
        {"search_quality": None, "note": "unknown fields say nothing"},
    )
    for silent in silences:
        with pytest.raises(InvalidEvent) as refused:
            outcome(**silent)
        assert refused.value.reason == "empty_outcome"
    for name, value in {"agent_success": False, "result_count": 0, "cost": 0.0, "error_class": "x"}.items():
        said = outcome(search_quality=None, **{name: value})
        assert not said.is_empty
        assert not said.signals().is_empty


@pytest.mark.parametrize("value", [object(), "\ud800", {"deep": {1.5j}}])
def test_what_json_cannot_hold_is_refused_when_it_is_written(value: Any) -> None:
    event = RoutingDecision(
        tenant_id="acme",
        occurred_at=NOON,
        decision_id="d",
        query="q",
        candidate_agents=("a",),
        chosen_agent="a",
        attributes={"value": value},
    )
    with pytest.raises(InvalidEvent, match="RoutingDecision: can't be written as JSON"):
        events.encode(event)
