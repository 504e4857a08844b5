"""Answers are read tolerantly where the meaning is plain, and refused where it isn't."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalbox.errors import AnswerError
from signalbox.events import Entity, Relationship
from signalbox.policy import DecisionFeatures
from signalbox.program import MODALITY_ROUTING, QUERY_ANALYSIS, ROUTING_POLICY, inputs_of, ratio, read_answer
from signalbox.program.answers import listed

AGENTS = ("video_search", "Summarizer")
NAMES = st.lists(st.text(min_size=1).filter(lambda name: name == name.strip()), min_size=1, unique=True)


@pytest.mark.parametrize(
    ("text", "value"),
    [("0.9", 0.9), ("90%", 0.9), (" 12.5 % ", 0.125), ("1", 1.0), (".5", 0.5), ("0", 0.0), ("1.", 1.0)],
)
def test_a_ratio_is_a_number_or_a_percentage(text: str, value: float) -> None:
    assert ratio(text) == pytest.approx(value)


@pytest.mark.parametrize(
    "text", ["high", "", "90", "1.01", "-0.1", "nan", "inf", "0,9", "0.9 or so", "\u0660.\u0669", "1e-1"]
)
def test_what_is_no_ratio_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        ratio(text)


@pytest.mark.parametrize("agent", ["video_search", " VIDEO_SEARCH\n", '"video_search"', "`Video_Search`"])
def test_an_agent_is_recognised_by_its_letters(agent: str) -> None:
    found = read_answer(ROUTING_POLICY, {"recommended_agent": agent, "confidence": "90%"}, AGENTS)
    assert found == {"recommended_agent": "video_search", "confidence": "90%"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"recommended_agent": "nobody"},
            "recommended_agent: 'nobody' is not one of 'video_search, Summarizer'",
        ),
        ({"recommended_agent": "video"}, "'video' is not one of"),
        ({"recommended_agent": None}, "recommended_agent: missing"),
        ({"confidence": "high"}, "confidence: 'high': give a number from 0 to 1"),
        ({"confidence": 0.9}, "confidence: 0.9 is not a string"),
    ],
)
def test_a_bad_answer_is_an_error_that_names_field_and_value(changes: dict[str, str], message: str) -> None:
    answer = {"recommended_agent": "video_search", "confidence": "0.9", **changes}
    with pytest.raises(AnswerError, match=message):
        read_answer(ROUTING_POLICY, answer, AGENTS)


def test_letters_that_fit_two_agents_are_no_answer() -> None:
    with pytest.raises(AnswerError, match="is not one of 'a, A, b'"):
        read_answer(ROUTING_POLICY, {"recommended_agent": "A'", "confidence": "1"}, ["a", "A", "b"])


def test_choices_and_labels() -> None:
    answer = dict.fromkeys(QUERY_ANALYSIS.outputs, "True") | {"complexity_level": "Simple"}
    found = read_answer(QUERY_ANALYSIS, answer, None)
    assert (found["complexity_level"], found["needs_video_search"]) == ("simple", "true")
    for name, value in {"complexity_level": "medium", "temporal_pattern": " "}.items():
        with pytest.raises(AnswerError, match=name):
            read_answer(QUERY_ANALYSIS, answer | {name: value}, None)


def test_the_inputs_of_a_decision() -> None:
    query = DecisionFeatures(
        "compare both",
        entities=[Entity("Ann", "person"), Entity("Rome", "place")],
        modality="video",
        relationships=[Relationship(relation="lives in", head="Ann", tail="Rome")],
    )
    assert inputs_of(ROUTING_POLICY, query, AGENTS) == {
        "query": "compare both",
        "entities": "Ann (person); Rome (place)",
        "relationships": "Ann lives in Rome",
        "enhanced_query": "",
        "candidates": "video_search, Summarizer",
    }
    features = inputs_of(MODALITY_ROUTING, query, AGENTS)["query_features"]
    assert features.startswith("candidates: video_search, Summarizer; entities: Ann (person)")


@given(NAMES)
def test_listed_candidates_are_read_as_they_were_written(candidates: list[str]) -> None:
    inputs = inputs_of(ROUTING_POLICY, DecisionFeatures("q"), candidates)
    assert listed(ROUTING_POLICY, inputs) == tuple(candidates)
    assert listed(QUERY_ANALYSIS, {"query": "q", "context": ""}) is None
