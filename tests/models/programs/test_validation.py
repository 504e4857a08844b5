"""Whatever would fail in the middle of an optimisation is said before it, with the remedy."""

from typing import Any

import pytest

from models.programs import InvalidExamples, ProgramExample, examples_from_rows, validate
from signalbox.program import AGENT_ROUTING, QUERY_ANALYSIS
from tests.models.programs.routing_rows import SPEC, row, rows

ANALYSIS = {
    "query": "Show me videos of robots from yesterday",
    "context": "",
    "primary_intent": "video_search",
    "complexity_level": "simple",
    "needs_video_search": "true",
    "needs_text_search": "false",
    "multimodal_query": "false",
    "temporal_pattern": "yesterday",
}
ROUTING = {
    "query": "Analyze data trends",
    "analysis_result": "complex analysis",
    "available_agents": "video_search, detailed_report",
    "recommended_workflow": "detailed_analysis",
    "primary_agent": "detailed_report",
    "routing_confidence": "0.85",
}


def problem_of(spec: Any, examples: list[ProgramExample]) -> str:
    with pytest.raises(InvalidExamples) as found:
        validate(spec, examples)
    return str(found.value)


def test_the_specifications_rows_are_valid() -> None:
    validate(QUERY_ANALYSIS, examples_from_rows(QUERY_ANALYSIS, [ANALYSIS, ANALYSIS | {"id": "more"}]))
    validate(AGENT_ROUTING, examples_from_rows(AGENT_ROUTING, [ROUTING]))
    validate(SPEC, [*rows(3), row("q", None, avoided=("alpha",))])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"needs_video_search": True},
            "row 2: the output 'needs_video_search' is True (bool), but all fields are strings: write \"true\"",
        ),
        ({"needs_video_search": "yes"}, "the output 'needs_video_search' is 'yes'; write one of true, false"),
        ({"primary_intent": None}, "the output 'primary_intent' is None (NoneType)"),
        ({"primary_intent": " "}, "the output 'primary_intent' is empty; write the main intent, such as"),
        ({"query": 7}, "the input 'query' is 7 (int), but all fields are strings: write \"7\""),
    ],
)
def test_a_wrong_field_is_named_with_example_value_and_remedy(change: dict[str, Any], message: str) -> None:
    found = problem_of(QUERY_ANALYSIS, examples_from_rows(QUERY_ANALYSIS, [ANALYSIS, ANALYSIS | change]))
    assert found.startswith("query_analysis: 1 problem in 2 examples: ")
    assert message in found


@pytest.mark.parametrize("field", ANALYSIS)
def test_every_missing_field_is_named(field: str) -> None:
    without = {name: value for name, value in ANALYSIS.items() if name != field}
    found = problem_of(QUERY_ANALYSIS, examples_from_rows(QUERY_ANALYSIS, [without]))
    assert f"put '{field}' is missing" in found


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"primary_agent": "summarizer"},
            "primary_agent: 'summarizer' is not one of 'video_search, detailed_report'",
        ),
        ({"routing_confidence": "high"}, "routing_confidence: 'high': give a number from 0 to 1"),
        ({"routing_confidence": 0.85}, 'is 0.85 (float), but all fields are strings: write "0.85"'),
        ({"available_agents": ["video_search"]}, "the input 'available_agents' is ['video_search'] (list)"),
    ],
)
def test_an_agent_must_be_available_and_a_confidence_a_ratio(change: dict[str, Any], message: str) -> None:
    assert message in problem_of(AGENT_ROUTING, examples_from_rows(AGENT_ROUTING, [ROUTING | change]))


@pytest.mark.parametrize(
    ("example", "message"),
    [
        (row("q", None), "neither right answers nor an agent to avoid"),
        (row("q", "omega"), "recommended_agent: 'omega' is not one of"),
        (row("q", "alpha", weight=0.0), "its weight is 0.0; give a positive number"),
        (row("q", "alpha", weight=float("nan")), "its weight is nan"),
        (row("q", "alpha", reward=1.5), "its reward is 1.5; give a number from 0 to 1"),
        (row("q", "alpha", quality=float("nan")), "its quality is nan"),
    ],
)
def test_an_example_must_be_judgeable(example: ProgramExample, message: str) -> None:
    assert message in problem_of(SPEC, [example])


def test_many_problems_are_a_line_a_field_in_the_fields_order() -> None:
    found = problem_of(SPEC, [row("q", "omega", name=f"d{i}") for i in range(25)])
    assert found.startswith("routing: 25 problems in 25 examples: examples 0 (d0), 1 (d1), ")
    changes = [{"temporal_pattern": 1}, {"complexity_level": "hard"}, {"complexity_level": "x"}, {}]
    content = [ANALYSIS | change for change in [*changes, *changes[1:2] * 3]] + [{}] * 2
    with pytest.raises(InvalidExamples) as error:
        validate(QUERY_ANALYSIS, examples_from_rows(QUERY_ANALYSIS, content))
    lines = error.value.lines
    assert len(lines) == 8
    assert lines[0].startswith("rows 8 to 9: the input 'query' is missing")
    assert lines[3] == (
        "rows 2, 5 to 7: the output 'complexity_level' is 'hard'; write one of simple, complex"
        " (3 more are wrong otherwise)"
    )
