"""Labels between Phoenix and events."""

import pytest
from msgspec.structs import replace

from adapters.phoenix.annotations import SpanAnnotation
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
