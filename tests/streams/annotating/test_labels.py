"""The labels that keys stand for, and what takes them back."""

from datetime import timedelta

from models.labels import newest_annotations, trust_of
from signalbox.events import Annotation
from streams.annotating.labels import approval_of, label_on, undoing
from tests.streams.annotating.support import NOW, model_label, request

LATER = NOW + timedelta(minutes=1)


def test_a_person_s_label_says_when_the_decision_was_made() -> None:
    label = label_on(request(), "wrong_routing", "ada", LATER, suggested_agent="report", reasoning="why")
    assert label == Annotation(
        tenant_id="acme",
        occurred_at=LATER,
        decision_id="d-1",
        annotator="ada",
        kind="human",
        label="wrong_routing",
        confidence=1.0,
        reasoning="why",
        suggested_agent="report",
        reviewed=True,
        decided_at=NOW - timedelta(minutes=10),
    )


def test_an_approval_keeps_all_that_the_label_said() -> None:
    label = model_label()
    approval = approval_of(label, "ada", LATER)
    assert (approval.annotator, approval.kind, approval.label) == ("offline-rules", "llm", "wrong_routing")
    assert (approval.confidence, approval.reasoning) == (0.8, "It asks for a summary.")
    assert (approval.reviewed, approval.requires_review, approval.approved_by) == (True, False, "ada")
    assert undoing(approval, label, LATER).reviewed is False


def test_what_comes_later_counts_also_where_the_clock_is_behind() -> None:
    ahead = model_label(occurred_at=LATER)
    approval = approval_of(ahead, "ada", NOW)
    back = undoing(approval, ahead, NOW)
    assert ahead.occurred_at < approval.occurred_at < back.occurred_at
    assert newest_annotations([back, ahead, approval]) == {"d-1": [back]}


def test_a_label_that_was_taken_back_says_nothing_and_agrees_with_nobody() -> None:
    label = label_on(request(), "correct_routing", "ada", LATER)
    back = undoing(label, None, LATER)
    assert (back.label, back.suggested_agent, back.requires_review) == ("insufficient_info", None, True)
    assert trust_of([model_label(), label], 0.7)["offline-rules"].common == 1
    assert trust_of([model_label(), label, back], 0.7)["offline-rules"].common == 0
