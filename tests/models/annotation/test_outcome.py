"""What came of a decision in words, and what an annotator is shown of it."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.annotation import ANNOTATION, inputs_of, outcome_in_words, read_judgement
from signalbox.errors import AnswerError
from signalbox.events import AgentCard, AnnotationRequest, Signals, moment_at

START = moment_at(1_750_000_000.0)


def request(outcome: Signals | None = None, **fields: Any) -> AnnotationRequest:
    given_fields: dict[str, Any] = {"chosen_agent": "a", "candidate_agents": ("a", "b", "c, d")}
    return AnnotationRequest(
        tenant_id="acme",
        occurred_at=START,
        decision_id="d1",
        priority="high",
        reason="failed",
        due_at=START,
        query="q",
        outcome=outcome,
        **(given_fields | fields),
    )


@pytest.mark.parametrize(
    ("signals", "expected"),
    [
        ({"agent_success": True}, "The agent succeeded."),
        ({"agent_success": True, "error_class": "Time\nout"}, "The agent failed with the error Time out."),
        ({"search_quality": 0.4}, "The quality was poor (0.40)."),
        ({"search_quality": 0.41}, "The quality was middling (0.41)."),
        ({"search_quality": 0.6}, "The quality was good (0.60)."),
        (
            {"agent_success": True, "user_satisfaction": 0.0, "result_count": 0, "processing_time_s": 1.5},
            "The agent succeeded. The user was dissatisfied (0.00). These signs are contradictory. "
            "0 results came back. It took 1.5 s.",
        ),
        ({}, "Nothing is known."),
    ],
)
def test_an_outcome_in_words(signals: dict[str, Any], expected: str) -> None:
    assert outcome_in_words(request(Signals(**signals))) == expected


def test_the_reward_is_told_where_nothing_else_is() -> None:
    assert outcome_in_words(request(reward=0.25)) == "The reward was poor (0.25)."
    assert outcome_in_words(request(Signals(agent_success=True), reward=0.25)) == "The agent succeeded."


def test_the_inputs_name_the_other_agents_and_their_cards() -> None:
    card = AgentCard(
        tenant_id="acme", occurred_at=START, agent="b", description="Finds\nit.", examples=("x y",)
    )
    found = inputs_of(request(), {"b": card, "z": card})
    assert list(found) == list(ANNOTATION.inputs)
    assert found["other_agents"] == '["b","c, d"]'
    assert found["agent_descriptions"] == 'b: Finds it. "x y"'
    assert found["routing_confidence"] == "unknown"
    assert inputs_of(request(candidate_agents=("a",), confidence=0.5))["other_agents"] == "none"


TEXT = st.text(max_size=12) | st.sampled_from(
    ["wrong_routing", "Correct_Routing", "ambiguous", "0.8", "80%", "a", "B", "none", "", "true", "false"]
)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.fixed_dictionaries({name: TEXT | st.none() | st.floats() for name in ANNOTATION.outputs}))
def test_an_answer_is_a_judgement_in_its_ranges_or_an_error_that_names_the_field(
    answer: dict[str, Any],
) -> None:
    try:
        found = read_judgement(answer, request())
    except AnswerError as error:
        assert str(error).split(":")[0] in ANNOTATION.outputs
        return
    assert found.label in ANNOTATION.outputs["label"].values
    assert 0.0 <= found.confidence <= 1.0
    assert found.suggested_agent in {None, "b", "c, d"}
    assert found.suggested_agent is None or found.label == "wrong_routing"
    assert found.requires_review or (found.confidence >= 0.7 and found.label != "ambiguous")
