"""Rows of a file as examples, and which of them are held out."""

import json
from pathlib import Path
from typing import Any

import pytest

from models.programs.validation import InvalidExamples
from processors.training.program_rows import check_held_out, examples_of_rows, hold_out, unused_fields
from signalbox.events import Entity, Relationship
from signalbox.policy import DecisionFeatures
from signalbox.program import (
    AGENT_ROUTING,
    MODALITY_ROUTING,
    QUERY_ANALYSIS,
    ROUTING_POLICY,
    SIGNATURES,
    inputs_of,
)

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
        (QUERY_ANALYSIS, {"needs_video_search": 1}, "row 2: the output 'needs_video_search' is 1"),
        (QUERY_ANALYSIS, {"complexity_level": "hard"}, "row 2: the output 'complexity_level' is 'hard'"),
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


@pytest.mark.parametrize("value", [True, "True", "TRUE", "true"])
def test_true_and_false_of_json_and_of_pandas_are_read(value: Any) -> None:
    (example,) = examples_of_rows(QUERY_ANALYSIS, [ANALYSED | {"needs_text_search": value}])
    assert (example.outputs or {})["needs_text_search"] == "true"


def test_a_correct_agent_that_no_row_has_is_what_is_missing() -> None:
    rows = [{"query": "what?", "agnet": "a"}] * 60
    with pytest.raises(InvalidExamples, match="60 examples: rows 1 to 60: 'correct_agent' is missing"):
        examples_of_rows(ROUTING_POLICY, rows)
    assert unused_fields(ROUTING_POLICY, rows) == ["agnet"]
    assert unused_fields(ROUTING_POLICY, [OTHER, ROW]) == ["success", "user_satisfaction"]
    assert unused_fields(QUERY_ANALYSIS, [ANALYSED]) == []
    with pytest.raises(InvalidExamples, match="'analysis_result' is missing"):
        examples_of_rows(AGENT_ROUTING, [OTHER])


@pytest.mark.parametrize(
    ("rows", "held", "share", "words"),
    [
        (
            40,
            8,
            0.2,
            "40 rows at --held-out 0.2 hold out 8; the gate needs 10: give 50 rows or --held-out 0.25",
        ),
        (1, 0, 0.3, "1 row at --held-out 0.3 holds out 0; the gate needs 10: give 34 rows"),
    ],
)
def test_too_few_rows_are_told_how_many_would_do(rows: int, held: int, share: float, words: str) -> None:
    with pytest.raises(InvalidExamples) as error:
        check_held_out(held, rows, share)
    assert error.value.lines == (words,)


def test_the_sample_rows_of_the_page_are_good() -> None:
    text = Path("docs/programs.md").read_text().partition("```json\n")[2].partition("```")[0]
    for spec, line in zip(SIGNATURES.values(), text.splitlines(), strict=True):
        assert examples_of_rows(spec, [json.loads(line)])
        assert unused_fields(spec, [json.loads(line)]) == []
