"""Times are aware, and kept in UTC: when events are made, read and written."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from signalbox import events
from signalbox.errors import InvalidEvent
from signalbox.events import DeadLetter, RoutingOutcome, WorkflowExecution

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
OUTCOME: dict[str, Any] = {
    "tenant_id": "acme",
    "occurred_at": "2026-03-14T12:00:00Z",
    "decision_id": "d-1",
    "search_quality": 0.5,
}


def outcome(**fields: Any) -> RoutingOutcome:
    return events.decode(RoutingOutcome, json.dumps(OUTCOME | fields).encode())


def test_a_time_with_an_offset_is_kept_in_utc() -> None:
    event = outcome(occurred_at="2026-03-14T14:00:00+02:00")
    assert event.occurred_at.tzinfo is UTC
    assert event.occurred_at == NOON
    assert b'"occurred_at":"2026-03-14T12:00:00Z"' in events.encode(event)


def test_a_time_with_an_offset_is_turned_to_utc_when_the_event_is_made() -> None:
    cest = timezone(timedelta(hours=2))
    letter = DeadLetter(
        reason="invalid", message="m", topic="t", partition=0, offset=0, recorded_at=NOON.astimezone(cest)
    )
    assert letter.recorded_at.tzinfo is UTC
    assert events.epoch_s(letter.recorded_at) == NOON.timestamp()
    assert events.moment_at(NOON.timestamp()) == NOON


def test_times_inside_a_workflow_are_kept_in_utc_too() -> None:
    task = {"agent": "a", "started_at": "2026-03-14T10:00:00-02:00"}
    row = {**OUTCOME, "workflow_id": "w", "query": "q", "success": True, "tasks": [task]}
    event = events.decode(WorkflowExecution, json.dumps(row).encode())
    assert event.tasks[0].started_at == NOON
    assert events.encode(event).count(b"2026-03-14T12:00:00Z") == 2


@pytest.mark.parametrize(
    "time",
    [
        "2026-03-14T12:00:00",
        "2026-03-14",
        1773489600,
        "2026-03-14T23:59:60Z",
        "yesterday",
        "2026-13-14T12:00:00Z",
        None,
    ],
)
def test_a_time_without_an_offset_or_of_another_form_is_refused(time: Any) -> None:
    with pytest.raises(InvalidEvent, match=r"RoutingOutcome\.occurred_at: ") as refused:
        outcome(occurred_at=time)
    assert repr(time) in str(refused.value)


def test_a_moment_that_utc_has_no_year_for_is_refused() -> None:
    with pytest.raises(InvalidEvent, match=r"occurred_at: 0001-01-01T00:00:00\+05:00"):
        outcome(occurred_at="0001-01-01T00:00:00+05:00")


def test_a_naive_time_in_an_event_that_is_made_is_refused_when_it_is_written() -> None:
    event = RoutingOutcome(
        tenant_id="acme", occurred_at=NOON.replace(tzinfo=None), decision_id="d", search_quality=1.0
    )
    with pytest.raises(InvalidEvent, match=r"occurred_at: .*timezone.*; got '2026-03-14T12:00:00'"):
        events.encode(event)
