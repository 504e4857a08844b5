"""Spans become decisions with outcomes, each once, whatever names their attributes have."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.identity import decision_hash
from processors.reward import RewardPolicy, reward
from processors.spans import PhoenixSpanEvaluator, SpanEvaluation
from processors.spans import attributes as names
from processors.spans.decision import decision_of
from signalbox.errors import Unusable
from signalbox.events import Entity, Relationship, RoutingDecision, decode, encode
from tests.processors.builders import COMPLETE, NOON, Worker, decision
from tests.processors.spans.builders import NAMES, span


def evaluated(*spans: Any, known: frozenset[int] = frozenset()) -> SpanEvaluation:
    return PhoenixSpanEvaluator("harbor", NAMES).evaluate(spans, known)


@pytest.mark.parametrize(
    ("status", "took_s", "results", "expected"),
    [
        ("UNSET", 9.0, None, 0.5),
        ("ERROR", 0.2, 9, 0.1),
        ("OK", 9.0, None, 0.7),
        ("OK", 4.9, None, 0.8),
        ("OK", 0.9, None, 0.9),
        ("UNSET", 0.9, 1, 0.8),
        ("UNSET", 0.9, 5, 0.9),
        ("OK", 0.9, 1, 1.0),
        ("OK", 0.9, 50, 1.0),
    ],
)
def test_quality_is_guessed_as_the_specification_says(
    status: str, took_s: float, results: int | None, expected: float
) -> None:
    found = decision_of(
        span(status=status, took_s=took_s, attributes={"agent.result_count": results}), "harbor"
    )
    assert found.outcome is not None
    assert found.outcome.search_quality == pytest.approx(expected)
    assert found.outcome.processing_time_s == pytest.approx(took_s)


@pytest.mark.parametrize(
    ("status", "attributes", "expected"),
    [
        ("OK", {}, True),
        ("ERROR", {"agent.success": True}, False),
        ("UNSET", {}, None),
        ("UNSET", {"agent.success": "false"}, False),
        ("UNSET", {"http.status_code": 204}, True),
        ("OK", {"http.response.status_code": 503}, False),
        ("OK", {"http.status_code": 404}, False),
        ("OK", {"http.status_code": 302}, True),
        ("UNSET", {"outcome.success": True, "http.status_code": 500}, True),
    ],
)
def test_success_is_what_is_said_and_unknown_where_nothing_is(
    status: str, attributes: dict[str, Any], expected: bool | None
) -> None:
    found = decision_of(span(status=status, attributes=attributes), "harbor")
    assert found.outcome is not None
    assert found.outcome.agent_success is expected


def test_an_error_is_worth_less_than_the_same_span_without_it() -> None:
    rewards = []
    for status in ("ERROR", "OK"):
        outcome = decision_of(span(status=status), "harbor").outcome
        assert outcome is not None
        rewards.append(reward(outcome, RewardPolicy()))
    assert rewards[0] < rewards[1]


def test_explicit_outcomes_count_before_guesses_and_milliseconds_are_told_as_such() -> None:
    attributes = {
        "outcome.search_quality": 0.42,
        "outcome.user_satisfaction": 0.9,
        "outcome.cost": 0.03,
        "routing.processing_time": 1200.0,
        "output.result_count": 7,
    }
    found = decision_of(span(attributes=attributes), "harbor").outcome
    assert found is not None
    assert (found.search_quality, found.user_satisfaction, found.cost) == (0.42, 0.9, 0.03)
    assert (found.processing_time_s, found.result_count) == (1.2, 7)


def test_the_specifications_context_is_read_as_text_or_as_an_object() -> None:
    context = {
        "entities": [{"text": "Marie Curie", "label": "person"}, "radium"],
        "relationships": [{"subject": "Marie Curie", "relation": "discusses", "object": "radium"}],
        "enhanced_query": "find Marie Curie on radium",
    }
    expected = decision_of(span(attributes={"routing.context": context}), "harbor")
    assert expected.entities == (Entity(text="Marie Curie", label="person"), Entity(text="radium"))
    assert expected.relationships == (
        Relationship(subject="Marie Curie", relation="discusses", object="radium"),
    )
    assert expected.enhanced_query == "find Marie Curie on radium"
    text = decision_of(span(attributes={"routing.context": json.dumps(context)}), "harbor")
    assert encode(text) == encode(expected)
    parts = {
        "routing.context.entities.0.text": "Marie Curie",
        "routing.context.entities.0.label": "person",
        "routing.context.entities.1": "radium",
        "routing.context.relationships.0.subject": "Marie Curie",
        "routing.context.relationships.0.relation": "discusses",
        "routing.context.relationships.0.object": "radium",
        "routing.context.enhanced_query": "find Marie Curie on radium",
    }
    assert encode(decision_of(span(attributes=parts), "harbor")) == encode(expected)


def test_a_routers_own_span_has_all_that_an_event_has() -> None:
    attributes = {
        "routing.decision_id": "d-7",
        "routing.candidate_agents": ["video", "text"],
        "routing.probabilities": "[0.75, 0.25]",
        "routing.propensity": 0.75,
        "routing.slot": "champion",
        "routing.policy_digest": "a" * 64,
        "routing.modality": "video",
        "routing.explored": True,
        "routing.policy_version": 3,
        "session.id": "s-1",
        "user.id": "u-1",
    }
    found = decision_of(span(attributes=attributes), "harbor")
    assert (found.decision_id, found.candidate_agents, found.propensity) == ("d-7", ("video", "text"), 0.75)
    assert (found.slot, found.policy_digest, found.modality) == ("champion", "a" * 64, "video")
    assert (found.session_id, found.user_id, found.span_id) == ("s-1", "u-1", "00000000000000aa")
    assert (found.explored, found.policy_version) == (True, 3)


def test_a_propensity_without_candidates_is_none() -> None:
    found = decision_of(span(attributes={"routing.propensity": 0.3, "routing.probabilities": [0.3, 0.7]}), "h")
    assert (found.candidate_agents, found.propensity, found.probabilities) == (("video",), None, None)


def test_what_failed_is_told_in_few_words() -> None:
    def error(**attributes: str) -> str | None:
        failed = span(status="ERROR", status_message="ValueError: " + 500 * "x", attributes=attributes)
        outcome = decision_of(failed, "harbor").outcome
        return outcome.error_class if outcome else None

    assert error(**{"exception.type": "ValueError"}) == "ValueError"
    assert error() == "ValueError: " + 244 * "x"


@pytest.mark.parametrize(
    ("attributes", "agent", "query", "modality"),
    [
        (
            {"gateway.query": "q", "gateway.routed_to": "audio", "gateway.modality": "audio"},
            "audio",
            "q",
            "audio",
        ),
        ({"input.value": "q", "routing.recommended_agent": "a"}, "a", "q", "text"),
        (
            {"query": "q", "routing.selected_agent": "a", "routing.detected_modalities": ["Image"]},
            "a",
            "q",
            "image",
        ),
        ({"query": "q", "routing.selected_agent": "a", "routing.modality": "both"}, "a", "q", "mixed"),
    ],
)
def test_other_names_are_read(attributes: dict[str, Any], agent: str, query: str, modality: str) -> None:
    without = {"routing.query": None, "routing.chosen_agent": None}
    found = decision_of(span(name="cogniverse.gateway", attributes=without | attributes), "harbor")
    assert (found.chosen_agent, found.query, found.modality) == (agent, query, modality)
    assert (found.candidate_agents, found.propensity) == ((agent,), None)


@pytest.mark.parametrize(
    ("attributes", "counted", "what"),
    [
        ({"routing.chosen_agent": None}, "ignored", "routing.chosen_agent: missing"),
        ({"routing.query": None}, "ignored", "routing.query: missing"),
        ({"routing.confidence": 1.5}, "errors", "confidence`; got 1.5"),
        ({"routing.confidence": "high"}, "errors", "got 'high'"),
        ({"routing.confidence": float("nan")}, "errors", "confidence`; got nan"),
        ({"routing.candidate_agents": ["text"]}, "errors", "'video' is not among"),
        ({"routing.context": 5}, "errors", "routing.context"),
        ({"routing.context": "[" * 100_000}, "errors", "routing.context"),
        ({"routing.context": {"entities": "radium"}}, "errors", "got `str`"),
        ({"routing.context." + "a." * 100_000: 1}, "errors", "recursion"),
    ],
    ids=range(10),
)
def test_a_bad_span_is_said_and_spoils_no_other(attributes: dict[str, Any], counted: str, what: str) -> None:
    found = evaluated(span("00000000000000bb", attributes=attributes), span())
    assert (len(found.decisions), found.numbers["spans_processed"]) == (1, 2)
    assert {"ignored": found.ignored, "errors": found.errors} == {"ignored": 0, "errors": 0} | {counted: 1}
    assert found.problems[0].startswith("span 00000000000000bb: ")
    assert what in found.problems[0]


def test_a_span_of_another_name_is_none_of_ours_and_no_confidence_at_all_is_one() -> None:
    found = evaluated(span(name="llm.call"), span(attributes={"routing.confidence": 0.0}))
    assert [each.confidence for each in found.decisions] == [0.0]
    assert len(found.spans) == 1


def test_a_second_evaluation_finds_nothing_new_and_the_numbers_are_those_of_the_spans() -> None:
    spans = [
        span(f"{i:016x}", status="ERROR" if i % 4 == 0 else "OK", attributes={"routing.confidence": i / 10})
        for i in range(8)
    ]
    first = evaluated(*spans, *spans)
    assert first.numbers == {
        "spans_processed": 8.0,
        "experiences_created": 8.0,
        "avg_confidence": pytest.approx(0.35),
        "success_rate": 0.75,
        "ignored": 0.0,
        "errors": 0.0,
    }
    assert first.agents == {"video": 8}
    again = evaluated(*spans, known=frozenset(item for item, _ in first.spans))
    assert (again.decisions, again.spans, again.numbers["experiences_created"]) == ([], [], 0.0)


def test_a_decision_that_came_both_ways_counts_once() -> None:
    worker = Worker()
    worker.feed(decision("d-7", outcome=COMPLETE))
    seen = worker.partition.join.seen
    found = PhoenixSpanEvaluator("harbor", NAMES).evaluate(
        [span(attributes={"routing.decision_id": "d-7"})], frozenset(), seen.contains
    )
    assert found.numbers["experiences_created"] == 0.0
    worker.feed(*found.decisions)
    assert len(worker.standing()) == 1
    assert seen.contains(decision_hash("harbor", "d-7"), NOON)


def test_a_wrong_attribute_names_itself() -> None:
    with pytest.raises(Unusable, match=r"agent.result_count: .* got 'many'"):
        decision_of(span(attributes={"agent.result_count": "many"}), "harbor")


NAMED = sorted(name for group in vars(names).values() if isinstance(group, tuple) for name in group)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["text", "entities", "0"]), inner)
    ),
    max_leaves=5,
)
PARTS = st.sampled_from(["", ".0", ".entities", ".entities.0.text", ".entities.x"])


@given(st.dictionaries(st.tuples(st.sampled_from(NAMED), PARTS).map("".join), JSON, max_size=6))
def test_whatever_a_span_says_it_is_a_decision_or_a_problem(attributes: dict[str, Any]) -> None:
    found = evaluated(span(attributes=attributes))
    assert len(found.decisions) + found.ignored + found.errors == 1
    assert len(found.problems) == found.ignored + found.errors
    for each in found.decisions:
        assert decode(RoutingDecision, encode(each)) == each
