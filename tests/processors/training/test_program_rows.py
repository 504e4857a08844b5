"""Rows of a file as examples, and which of them are held out."""

from typing import Any

import pytest

from models.programs.validation import InvalidExamples
from processors.training.program_rows import examples_of_rows, hold_out
from signalbox.events import Entity, Relationship
from signalbox.policy import DecisionFeatures
from signalbox.program import AGENT_ROUTING, MODALITY_ROUTING, QUERY_ANALYSIS, ROUTING_POLICY, inputs_of

ROW = {
    "query": "Find quantum physics lectures",
    "correct_agent": "video_search_agent",
    "entities": [{"text": "quantum physics", "label": "topic"}],
    "success": True,
    "user_satisfaction": 0.9,
}
OTHER = {"query": "Summarise it", "correct_agent": "summarizer_agent", "candidates": "summarizer_agent, other"}
ANALYSED = {
    "query": "Show me videos of robots from yesterday",
    "context": "",
    "primary_intent": "video_search",
    "complexity_level": "simple",
    "needs_video_search": "true",
    "needs_text_search": "false",
    "multimodal_query": "false",
    "temporal_pattern": "yesterday",
}


def test_rows_of_the_specification_are_asked_as_a_router_asks() -> None:
    row = ROW | {"relationships": [{"subject": "lectures", "relation": "about", "object": "physics"}]}
    first, second = examples_of_rows(ROUTING_POLICY, [row, OTHER])
    everyone = ("summarizer_agent", "video_search_agent")
    features = DecisionFeatures(
        ROW["query"],
        entities=(Entity("quantum physics", "topic"),),
        relationships=(Relationship(subject="lectures", relation="about", object="physics"),),
    )
    assert first.inputs == inputs_of(ROUTING_POLICY, features, everyone)
    assert first.outputs == {"recommended_agent": "video_search_agent", "confidence": "1.0"}
    assert (first.candidates, second.candidates) == (everyone, ("summarizer_agent", "other"))


def test_a_csv_row_has_its_lists_as_json_and_gives_the_same_example() -> None:
    flat = {name: str(value) for name, value in ROW.items()} | {
        "entities": '[{"text":"quantum physics","label":"topic"}]',
        "candidates": '["video_search_agent","x"]',
        "enhanced_query": "",
    }
    listed = ROW | {"candidates": ["video_search_agent", "x"]}
    assert examples_of_rows(ROUTING_POLICY, [flat]) == examples_of_rows(ROUTING_POLICY, [listed])


@pytest.mark.parametrize(
    ("spec", "row"),
    [
        (MODALITY_ROUTING, ROW | {"modality": "video"}),
        (QUERY_ANALYSIS, ANALYSED),
        (
            AGENT_ROUTING,
            {
                "query": "Show me videos",
                "analysis_result": "simple search",
                "available_agents": "video_search",
                "recommended_workflow": "direct_search",
                "primary_agent": "video_search",
                "routing_confidence": "0.9",
            },
        ),
    ],
)
def test_every_program_takes_its_rows(spec: Any, row: dict[str, Any]) -> None:
    (example,) = examples_of_rows(spec, [row])
    assert set(example.inputs) == set(spec.inputs)
    assert set(example.outputs or ()) == set(spec.outputs)


@pytest.mark.parametrize(
    ("spec", "change", "words"),
    [
        (ROUTING_POLICY, {"correct_agent": ""}, "row 2: 'correct_agent' is missing"),
        (ROUTING_POLICY, {"query": 7}, "row 2: 'query': Expected `str`, got `int`"),
        (ROUTING_POLICY, {"entities": [{"label": "topic"}]}, "row 2: 'entities': .*text"),
        (ROUTING_POLICY, {"entities": "[not JSON"}, "row 2: 'entities'"),
        (ROUTING_POLICY, {"candidates": "a, b"}, "'video_search_agent', which is none of its candidates"),
        (QUERY_ANALYSIS, {"needs_video_search": True}, r"row 2\): the output 'needs_video_search' is True"),
        (QUERY_ANALYSIS, {"complexity_level": "hard"}, r"row 2\): the output 'complexity_level' is 'hard'"),
    ],
)
def test_what_is_wrong_with_a_row_is_said_with_its_number_and_its_field(
    spec: Any, change: dict[str, Any], words: str
) -> None:
    good = ROW if spec is ROUTING_POLICY else ANALYSED
    with pytest.raises(InvalidExamples, match=words):
        examples_of_rows(spec, [good, good | change])


def test_the_held_out_share_doesnt_depend_on_the_order_and_equal_questions_stay_together() -> None:
    rows = [ANALYSED | {"query": f"query {i % 40}"} for i in range(80)]
    examples = examples_of_rows(QUERY_ANALYSIS, rows)
    held, shown = hold_out(examples, 0.25, seed=1)
    assert (len(held), len(shown)) == (20, 60)
    queries = {each.inputs["query"] for each in held}
    assert queries.isdisjoint(each.inputs["query"] for each in shown)
    again, _ = hold_out(list(reversed(examples)), 0.25, seed=1)
    assert {each.inputs["query"] for each in again} == queries
    other, _ = hold_out(examples, 0.25, seed=2)
    assert {each.inputs["query"] for each in other} != queries
