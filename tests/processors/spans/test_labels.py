"""Labels between Phoenix and events."""

import pytest
from msgspec.structs import replace

from adapters.phoenix.span_annotation import SpanAnnotation
from processors.spans import annotation_of, label_row
from signalbox.errors import Unusable
from signalbox.events import moment_at
from tests.processors.builders import NOON, annotation

PERSON = SpanAnnotation(
    span_id="00000000000000aa",
    identifier="",
    kind="HUMAN",
    label="wrong",
    explanation="It asks for a text. agent: text_search",
    updated_s=NOON + 60.0,
    span_start_s=NOON,
    user="alice",
)


def test_what_a_person_wrote_in_phoenix_is_an_annotation() -> None:
    found = annotation_of(PERSON, "harbor")
    assert (found.decision_id, found.annotator, found.kind) == ("span/00000000000000aa", "alice", "human")
    assert (found.label, found.suggested_agent) == ("wrong_routing", "text_search")
    assert (found.occurred_at, found.decided_at) == (moment_at(NOON + 60.0), moment_at(NOON))


def test_the_decisions_own_id_is_kept() -> None:
    found = annotation_of(replace(PERSON, attributes={"routing.decision_id": "d-7"}), "harbor")
    assert found.decision_id == "d-7"


def test_a_label_that_nobody_knows_is_refused_by_name() -> None:
    with pytest.raises(Unusable, match="span 00000000000000aa: label 'meh' is none of correct_routing"):
        annotation_of(replace(PERSON, label="meh"), "harbor")


def test_an_approved_label_keeps_what_it_said_there_and_back() -> None:
    told = annotation(
        annotator="llm:judge",
        kind="llm",
        confidence=0.6,
        reasoning="It asks for pictures.",
        suggested_agent="image",
        reviewed=True,
        approved_by="alice",
    )
    row = label_row(told, "00000000000000aa")
    assert (row.label, row.score, row.kind, row.identifier) == (
        "wrong_routing",
        pytest.approx(0.12),
        "LLM",
        "llm:judge",
    )
    assert row.metadata["approved_by"] == "alice"
    found = annotation_of(row, "harbor")
    assert (found.label, found.confidence, found.reasoning) == (told.label, told.confidence, told.reasoning)
    assert (found.suggested_agent, found.approved_by, found.reviewed) == ("image", "alice", True)


@pytest.mark.parametrize(
    ("label", "explanation", "expected"),
    [
        ("wrong", "agent: text_search.", "text_search"),
        ("wrong_routing", 'suggested_agent="text search"!', "text search"),
        ("wrong", "The agents: both bad.", None),
        ("correct", "agent: text_search", None),
        ("ambiguous", "the agent: hard to say", None),
    ],
)
def test_a_suggestion_is_read_where_something_was_wrong(
    label: str, explanation: str, expected: str | None
) -> None:
    found = annotation_of(replace(PERSON, label=label, explanation=explanation), "harbor")
    assert found.suggested_agent == expected


def test_our_own_label_of_a_person_comes_back_as_the_same_event() -> None:
    told = annotation(annotator="alice", kind="human", reviewed=True)
    row = label_row(told, "00000000000000aa")
    found = annotation_of(replace(row, updated_s=NOON + 99.0, user="owner-of-the-key"), "harbor")
    assert (found.annotator, found.occurred_at, found.label) == ("alice", told.occurred_at, told.label)


def test_a_label_that_a_person_wrote_over_a_models_is_the_persons() -> None:
    stored = label_row(
        annotation(annotator="llm:judge", kind="llm", confidence=0.3, suggested_agent="image"), "0" * 16
    )
    edited = replace(stored, kind="HUMAN", source="APP", label="correct", updated_s=NOON + 99.0)
    found = annotation_of(edited, "harbor")
    assert (found.annotator, found.kind, found.label) == ("phoenix", "human", "correct_routing")
    assert (found.confidence, found.suggested_agent, found.occurred_at) == (1.0, None, moment_at(NOON + 99.0))
    assert annotation_of(replace(edited, user="alice"), "harbor").annotator == "alice"


def test_what_a_label_replaces_is_kept_and_the_same_one_replaces_nothing() -> None:
    first = annotation(annotator="llm:judge", kind="llm", confidence=0.3, reasoning="Pictures.")
    second = replace(first, occurred_at=moment_at(NOON + 60.0), label="ambiguous")
    row = label_row(first, "0" * 16)
    assert "supersedes" not in row.metadata
    newer = label_row(second, "0" * 16, row)
    kept = newer.metadata["supersedes"]
    assert (kept["label"], kept["confidence"], kept["explanation"]) == ("wrong_routing", 0.3, "Pictures.")
    assert label_row(second, "0" * 16, newer) == newer
