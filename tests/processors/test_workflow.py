"""Orchestrations as experiences, as the specification's unified optimizer maps them."""

from __future__ import annotations

from typing import Any

import pytest

from processors.workflow import decision_of
from signalbox.events import RoutingDecision, decode, encode
from tests.processors.builders import COMPLETE, Worker, decision, experiences_in, outcome, workflow


def test_workflow_to_routing_experience_conversion() -> None:
    """The predecessor's case: success, satisfaction .85, 2.5 s; with the new penalty .847830."""
    worker = Worker()
    (experience,) = experiences_in(worker.feed(workflow(confidence=0.9)))
    assert experience.reward == pytest.approx(0.84783, abs=5e-6)
    assert experience.outcome.search_quality == 0.85
    assert experience.outcome.user_satisfaction == 0.85
    assert experience.decision.chosen_agent == "search"
    assert experience.decision.confidence == 0.9
    assert experience.propensity is None, "no router drew it"
    assert experience.source == "workflow-execution/0/0"


def test_without_satisfaction_success_stands_for_quality() -> None:
    worker = Worker()
    (experience,) = experiences_in(worker.feed(workflow(user_satisfaction=None, execution_time_s=0.0)))
    assert experience.outcome.search_quality == 0.8
    assert experience.reward == pytest.approx((0.4 * 0.8 + 0.3) / 0.7)


def test_integrate_orchestration_outcomes() -> None:
    """Of a good and a failed, unsatisfying workflow, one is learned from."""
    worker = Worker()
    worker.feed(workflow("good"), workflow("bad", 1.0, success=False, user_satisfaction=0.3))
    assert [e.decision_id for e in worker.standing()] == ["workflow/good"]
    assert worker.partition.ledger.agents["harbor", "search"].experiences == 1


@pytest.mark.parametrize(
    ("fields", "learned"),
    [
        ({"success": False, "user_satisfaction": 0.6}, False),
        ({"success": False, "user_satisfaction": 0.61}, True),
        ({"success": False, "user_satisfaction": None}, False),
        ({"success": True, "user_satisfaction": 0.0}, True),
        ({"agent_sequence": ()}, False),
        ({"decision_id": "d1"}, False),
    ],
)
def test_what_is_worth_learning(fields: dict[str, Any], learned: bool) -> None:
    assert (decision_of(workflow(**fields)) is not None) is learned


def test_the_metadata_of_the_specification() -> None:
    made = decision_of(
        workflow(
            agent_sequence=("search", "summary", "search"),
            pattern="parallel",
            query_type="comparison",
            task_count=3,
            parallel_efficiency=1.35,
        )
    )
    assert made is not None
    assert made.attributes == {
        "source": "workflow",
        "pattern": "parallel",
        "agent_sequence": ["search", "summary", "search"],
        "query_type": "comparison",
        "task_count": 3,
        "parallel_efficiency": 1.35,
        "orchestration_was_beneficial": True,
        "multi_agent_synergy": True,
    }
    assert made.candidate_agents == ("search", "summary")
    assert decode(RoutingDecision, encode(made)) == made


def test_the_longest_workflow_id_makes_a_valid_decision() -> None:
    longest = decision_of(workflow("w" * 128))
    assert longest is not None
    assert decode(RoutingDecision, encode(longest)).decision_id.startswith("workflow/www")


def test_a_workflow_that_comes_twice_counts_once() -> None:
    worker = Worker()
    worker.feed(workflow("w1"), workflow("w1"))
    assert len(worker.standing()) == 1


def test_a_workflow_of_a_known_decision_adds_no_second_one() -> None:
    worker = Worker()
    worker.feed(decision("d1", outcome=COMPLETE), workflow("w1", decision_id="d1"))
    assert [e.decision_id for e in worker.standing()] == ["d1"]


def test_satisfaction_may_come_later() -> None:
    worker = Worker()
    worker.feed(workflow("w1", user_satisfaction=None))
    worker.feed(outcome("workflow/w1", 60.0, user_satisfaction=0.2))
    first, second = worker.standing()
    assert second.revision == 1
    assert second.outcome.user_satisfaction == 0.2
    assert second.reward < first.reward
