"""The choice of decisions that deserve a label: urgent first, each once, of many kinds."""

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from processors.annotation import AnnotationAgent, AnnotationPolicy, ordered, status_of
from processors.annotation.storage import approved
from processors.identity import decision_hash
from signalbox.events import Annotation, Experience, Signals, epoch_s, moment_at
from tests.models.logs import START, kind_of, log

NOW_S = START.timestamp() + 10_000.0


def logged(count: int = 60, seed: int = 0) -> list[Experience]:
    """A log in which confidence and success vary."""
    rng = np.random.default_rng(seed)
    return [
        replace(
            item,
            decision=replace(item.decision, confidence=float(rng.random())),
            outcome=Signals(agent_success=bool(rng.random() < 0.6)),
        )
        for item in log(count, seed)
    ]


def test_the_urgent_come_first_and_have_their_deadlines() -> None:
    found = AnnotationAgent().select(logged(), now_s=NOW_S)
    ranks = [("high", "medium", "low").index(each.priority) for each in found.requests]
    assert ranks == sorted(ranks)
    hours = {each.priority: (epoch_s(each.due_at) - NOW_S) / 3600.0 for each in found.requests}
    assert hours == {"high": 4.0, "medium": 24.0, "low": 72.0}
    assert found.examined == 60
    assert found.statistics["total"] == len(found.requests) == sum(found.statistics["by_priority"].values())


def test_a_request_says_all_that_an_annotator_needs() -> None:
    item = logged()[0]
    item = replace(item, decision=replace(item.decision, confidence=0.2, span_id="a" * 16))
    (request,) = AnnotationAgent().select([item], now_s=NOW_S).requests
    assert (request.query, request.chosen_agent) == (item.decision.query, item.decision.chosen_agent)
    assert request.candidate_agents == item.decision.candidate_agents
    assert (request.reward, request.outcome, request.span_id) == (item.reward, item.outcome, "a" * 16)
    assert request.decided_at == item.occurred_at
    assert 0.0 < request.value <= 1.0


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.integers(0, 20))
def test_never_twice_never_over_budget_and_whatever_the_order(seed: int, budget: int) -> None:
    items = logged(30, seed)
    agent = AnnotationAgent(AnnotationPolicy(budget=budget))
    first = agent.select(items, now_s=NOW_S).requests
    assert len(first) <= budget
    shuffled = Random(seed).sample(items, len(items))
    assert agent.select([*shuffled, *items], now_s=NOW_S).requests == first
    asked = {decision_hash("acme", each.decision_id) for each in first}
    again = agent.select(items, requested=asked, now_s=NOW_S).requests
    assert not asked & {decision_hash("acme", each.decision_id) for each in again}
    assert agent.select(items, labelled=asked, now_s=NOW_S).requests == again


def test_what_was_chosen_is_of_all_kinds() -> None:
    items = [replace(item, decision=replace(item.decision, confidence=0.2)) for item in logged(200)]
    found = AnnotationAgent(AnnotationPolicy(budget=4)).select(items, now_s=NOW_S)
    assert len({kind_of(each.query) for each in found.requests}) == 4


def test_the_less_sure_a_router_was_the_more_a_label_teaches() -> None:
    items = logged(40)
    sure, unsure = (
        replace(items[0], decision=replace(items[0].decision, confidence=c, probabilities=None))
        for c in (0.55, 0.05)
    )
    values = [AnnotationAgent().select([item], now_s=NOW_S).requests[0].value for item in (sure, unsure)]
    assert values[0] < values[1]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_within_a_priority_the_most_telling_comes_first(seed: int) -> None:
    requests = AnnotationAgent().select(logged(60, seed), now_s=NOW_S).requests
    for priority in ("high", "medium", "low"):
        values = [each.value for each in requests if each.priority == priority]
        assert values == sorted(values, reverse=True)
        assert all(0.0 <= each <= 1.0 for each in values)


def test_of_equals_the_oldest_comes_first() -> None:
    first = logged(1)[0]
    same = [
        replace(first, decision_id=f"d{n}", occurred_at=moment_at(NOW_S - n), decision=first.decision)
        for n in range(5)
    ]
    found = AnnotationAgent(AnnotationPolicy(confidence_threshold=1.0)).select(same, now_s=NOW_S).requests
    assert found[0].decision_id == "d4"


def test_what_is_like_a_labelled_query_teaches_less() -> None:
    items = [
        replace(item, decision=replace(item.decision, query=query, confidence=0.2))
        for item, query in zip(
            log(3), ("the harbour lights", "the harbour lights", "a song of whales"), strict=True
        )
    ]
    asked = {decision_hash("acme", items[0].decision_id)}
    for known in ({"requested": asked}, {"labelled": asked}):
        found = AnnotationAgent().select(items[:], now_s=NOW_S, **known).requests
        values = {each.query: each.value for each in found}
        assert values["the harbour lights"] < values["a song of whales"]


def test_queries_that_come_often_are_worth_more() -> None:
    queries = ["the harbour lights"] * 20 + ["a song of whales"]
    items = [
        replace(item, reward=0.5, decision=replace(item.decision, query=query, confidence=0.2))
        for item, query in zip(log(21), queries, strict=True)
    ]
    assert AnnotationAgent().select(items, now_s=NOW_S).requests[0].query == "the harbour lights"


def test_most_traffic_that_goes_well_is_left_alone() -> None:
    items = [replace(item, outcome=Signals(agent_success=True)) for item in log(50)]
    assert AnnotationAgent().select(items, now_s=NOW_S).requests == []


def label(decision_id: str, **fields: object) -> Annotation:
    given_fields = {"annotator": "llm:judge", "kind": "llm", "label": "wrong_routing"} | fields
    return Annotation(tenant_id="acme", occurred_at=START, decision_id=decision_id, **given_fields)


def test_the_queue_is_in_order_and_a_models_label_alone_completes_nothing() -> None:
    requests = AnnotationAgent().select(logged(), now_s=NOW_S).requests
    first, second, third = requests[:3]
    person = label(second.decision_id, annotator="alice", kind="human")
    reviewed = approved(label(third.decision_id), "bob", moment_at(NOW_S))
    found = ordered([*reversed(requests), *requests], [label(first.decision_id), person, reviewed], NOW_S)
    assert len(found) == len(requests)
    statuses = {each.request.decision_id: each.status for each in found}
    assert [statuses[each.decision_id] for each in (first, second, third)] == [
        "pending",
        "completed",
        "completed",
    ]
    keys = [
        (("high", "medium", "low").index(e.request.priority), e.request.due_at, -e.request.value) for e in found
    ]
    assert keys == sorted(keys)


@pytest.mark.parametrize(("hours", "expected"), [(3.9, "pending"), (4.0, "expired")])
def test_a_request_expires_at_its_deadline(hours: float, expected: str) -> None:
    request = AnnotationAgent().select(logged(), now_s=NOW_S).requests[0]
    assert status_of(request, [], NOW_S + hours * 3600.0) == expected


def test_an_approval_keeps_the_label() -> None:
    told = label(
        "d1", confidence=0.6, reasoning="It asks for a text.", suggested_agent="beta", requires_review=True
    )
    found = approved(told, "alice", moment_at(NOW_S))
    assert (found.label, found.confidence, found.reasoning) == ("wrong_routing", 0.6, "It asks for a text.")
    assert (found.suggested_agent, found.reviewed, found.approved_by) == ("beta", True, "alice")
    assert (found.annotator, found.requires_review) == ("llm:judge", False)
