"""Which requests wait for a person, in which order, and whose label is whose."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from signalbox.errors import ConfigurationError
from signalbox.events import Annotation, AnnotationRequest
from streams.annotating.backlog import Backlog, Wanted, place_of
from tests.streams.annotating.support import NOW, model_label, request

NOW_S = NOW.timestamp()
HUMAN = model_label("d-1", annotator="ada", kind="human", requires_review=False)
EVENTS = [
    request("low", 70, priority="low"),
    request("late", -1),
    request("soon", 1),
    request("medium", 2, priority="medium"),
    request("soon", 1, tenant_id="globex"),
    request("twice", 3),
    request("twice", 2, occurred_at=NOW + timedelta(hours=1), priority="medium", value=0.9),
    model_label("soon"),
    model_label("nobody-asked"),
]
ORDER = [
    ("acme", "late"),
    ("acme", "soon"),
    ("globex", "soon"),
    ("acme", "twice"),
    ("acme", "medium"),
    ("acme", "low"),
]


def backlog_of(*events: AnnotationRequest | Annotation) -> Backlog:
    backlog = Backlog()
    for event in events:
        backlog.add(event)
    return backlog


@given(st.permutations(EVENTS + EVENTS[:3]))
def test_order_and_labels_do_not_depend_on_how_events_arrive(
    events: list[AnnotationRequest | Annotation],
) -> None:
    found = Wanted().open_of(backlog_of(*events).waiting(NOW_S))
    assert [place_of(each) for each in found] == ORDER
    assert [len(each.labels) for each in found] == [0, 1, 0, 0, 0, 0]


def test_only_what_is_wanted_is_open() -> None:
    waiting = backlog_of(*EVENTS).waiting(NOW_S)
    assert len(Wanted("low").open_of(waiting)) == 1
    assert len(Wanted("high", unlabelled=True).open_of(waiting)) == 2


@pytest.mark.parametrize(
    ("label", "is_open"),
    [
        (model_label(), True),
        (replace(model_label(), reviewed=True, approved_by="ada"), False),
        (HUMAN, False),
        (replace(HUMAN, requires_review=True), True),
        (replace(HUMAN, tenant_id="globex"), True),
        (replace(HUMAN, decision_id="d-2"), True),
    ],
)
def test_a_request_is_open_until_a_person_has_spoken(label: Annotation, is_open: bool) -> None:
    waiting = backlog_of(request(), label).waiting(NOW_S + 5 * 3600)
    assert len(Wanted().open_of(waiting)) == is_open


def test_a_decision_that_two_tenants_have_needs_the_tenant() -> None:
    backlog = backlog_of(model_label(), HUMAN)
    assert [each.annotator for each in backlog.labels_on("d-1")] == ["ada", "offline-rules"]
    assert backlog.labels_on("d-2") == []
    backlog.add(model_label(tenant_id="globex"))
    with pytest.raises(ConfigurationError, match="--tenant"):
        backlog.labels_on("d-1")


def test_a_person_cannot_have_the_name_of_a_model() -> None:
    backlog = backlog_of(model_label(), HUMAN)
    backlog.check_name("ada")
    with pytest.raises(ConfigurationError, match="offline-rules"):
        backlog.check_name("offline-rules")
