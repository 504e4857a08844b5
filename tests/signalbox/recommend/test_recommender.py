"""Policy, program and baseline: who answers, what is published, and what is said when something fails."""

import asyncio
import math
import threading
from collections import Counter
from typing import Any

import numpy as np
import pytest
from msgspec import structs

from benchmarks.random_policy import random_policy
from signalbox.cards import Cards
from signalbox.errors import ConfigurationError, InvalidEvent
from signalbox.events import RoutingDecision, decode
from signalbox.in_force import ActivePolicy, InForce
from signalbox.policy import Artifact, DecisionFeatures, Policy, digest_of, epsilon_greedy, pack, unpack
from signalbox.policy.calibration import Calibration
from signalbox.program import PromptProgram
from signalbox.program.slot import ActiveProgram
from signalbox.recommend.recommender import RoutingRecommender
from tests.signalbox.programs import AGENTS, answering, language_model, program_bytes
from tests.signalbox.test_router import NOON, Sink

VIDEO, SUMMARY, REPORT = AGENTS
POLICY = random_policy(AGENTS, seed=3)
KEYS = {
    "recommended_agent",
    "confidence",
    "reasoning",
    "optimization_ready",
    "experiences_count",
    "training_step",
    "source",
    "failure",
}


class BudgetExceeded(BaseException):
    """As a metered language model has it."""


def spent(request: Any) -> str:
    raise BudgetExceeded


class Following:
    def __init__(self, policy: bytes | None = None, gone: frozenset[str] = frozenset()) -> None:
        active = ActivePolicy(Policy.load(policy), digest_of(policy), 4, "champion") if policy else None
        self.in_force = InForce(active, None, Cards({}, gone))


class Program:
    def __init__(self, data: bytes) -> None:
        self.current = ActiveProgram(PromptProgram.load(data), digest_of(data), 2)


def recommender(
    policy: bytes | None = None, answer: Any = None, *, program: bytes | None = None, **options: Any
) -> tuple[RoutingRecommender, Sink]:
    sink = Sink()
    options = {"seed": 7, "clock": lambda: NOON} | options
    if answer is not None:
        options |= {"programs": Program(program or program_bytes()), "language_model": language_model(answer)}
    gone = options.pop("gone", frozenset())
    return RoutingRecommender(sink, Following(policy, gone), "acme", **options), sink


@pytest.mark.parametrize(
    ("query", "agent"),
    [
        ("Find video about machine learning", VIDEO),
        ("Give me a summary of the keynote", SUMMARY),
        ("a detailed analysis, please", REPORT),
        ("the briefcase of the videographer", VIDEO),
        ("brief me on it", SUMMARY),
    ],
)
async def test_rules_decide_before_anything_is_learned(query: str, agent: str) -> None:
    subject, sink = recommender()
    found = await subject.get_routing_recommendations(query, [], [])
    assert set(found) == KEYS
    assert (found["recommended_agent"], found["source"], found["failure"]) == (agent, "baseline", None)
    assert (found["optimization_ready"], found["experiences_count"], found["training_step"]) == (False, 0, 0)
    assert 0.0 <= found["confidence"] <= 1.0
    assert sink.decisions == []


@pytest.mark.parametrize(
    ("candidates", "agent"),
    [(("summarizer", "video_search"), "video_search"), (("b", "a"), "b"), ((SUMMARY, "a"), SUMMARY)],
)
async def test_a_rule_names_only_candidates(candidates: Any, agent: str) -> None:
    subject, _ = recommender()
    found = await subject.get_routing_recommendations("a video, or a brief", candidates=candidates)
    assert found["recommended_agent"] == agent


async def test_an_agent_that_has_left_is_not_recommended() -> None:
    subject, _ = recommender(answer=answering(SUMMARY), gone=frozenset({VIDEO}))
    found = await subject.optimize_routing_decision("find a video")
    assert found["probabilities"][VIDEO] == 0.0
    rules, _ = recommender(gone=frozenset({VIDEO}))
    assert (await rules.get_routing_recommendations("find a video"))["recommended_agent"] == SUMMARY


async def test_the_policy_in_force_answers_first_and_with_calibrated_confidence() -> None:
    calibration = Calibration(method="identity", inputs=(0.0, 1.0), outputs=(0.25, 0.25))
    active = Following(POLICY).in_force.champion
    assert active is not None
    subject, _ = recommender(POLICY, answering(REPORT))
    found = await subject.get_routing_recommendations("what is jazz", [{"text": "jazz", "label": "topic"}], [])
    query = DecisionFeatures("what is jazz", [])
    assert found["source"] == "policy"
    assert found["optimization_ready"]
    assert found["recommended_agent"] in AGENTS
    best = int(active.policy.greedy(query, AGENTS).argmax())
    plain = await subject.get_routing_recommendations("what is jazz")
    assert plain["recommended_agent"] == AGENTS[best]
    assert plain["confidence"] == pytest.approx(active.policy.values(query, AGENTS)[best])
    artifact = unpack(POLICY)
    calibrated = pack(Artifact(structs.replace(artifact.manifest, calibration=calibration), artifact.tensors))
    subject, _ = recommender(calibrated)
    assert (await subject.get_routing_recommendations("what is jazz"))["confidence"] == 0.25


async def test_a_program_is_preferred_only_where_that_is_asked_for() -> None:
    for prefer, source in (("policy", "policy"), ("program", "program")):
        subject, _ = recommender(POLICY, answering(REPORT), prefer=prefer)
        found = await subject.get_routing_recommendations("what is jazz")
        assert found["source"] == source
    assert (found["recommended_agent"], found["confidence"], found["reasoning"]) == (REPORT, 0.9, "it says so")


async def test_a_program_s_decision_carries_its_exact_propensity() -> None:
    data = program_bytes(epsilon=0.4)
    subject, sink = recommender(answer=answering(SUMMARY), program=data)
    found = [await subject.optimize_routing_decision(f"query {i}", [], [], "q", {}) for i in range(120)]
    expected = epsilon_greedy([0.0, 1.0, 0.0], 0.4).tolist()
    for decision, seen in zip(found, (decode(RoutingDecision, data) for data in sink.decisions), strict=True):
        assert list(seen.probabilities) == expected
        assert (seen.slot, seen.policy_digest, seen.policy_version) == ("program", digest_of(data), 2)
        assert decision["probabilities"] == dict(zip(AGENTS, expected, strict=True))
        assert decision["propensity"] == seen.propensity == decision["probabilities"][seen.chosen_agent]
        assert decision["exploration"] is (seen.chosen_agent != SUMMARY)
        assert (
            decision["confidence"] == seen.confidence == pytest.approx(0.05 if decision["exploration"] else 0.9)
        )
        assert (decision["source"], decision["fallback"], decision["failure"]) == ("program", False, None)
    taken = Counter(decision["recommended_agent"] for decision in found)
    assert abs(taken[SUMMARY] - 120 * expected[1]) < 4 * math.sqrt(120 * expected[1] * (1 - expected[1]))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (answering("nobody"), "recommended_agent"),
        (answering(SUMMARY, confidence="high"), "confidence"),
        (lambda request: "I'd rather not say", "form"),
        (lambda request: 1 // 0, "failed"),
        (spent, "BudgetExceeded"),
    ],
)
@pytest.mark.parametrize("policy", [None, POLICY])
async def test_whatever_fails_in_the_program_somebody_else_decides_and_says_so(
    answer: Any, words: str, policy: Any
) -> None:
    subject, sink = recommender(policy, answer, prefer="program", epsilon=0.0)
    given = {"recommended_agent": REPORT, "confidence": 0.66, "reasoning": "mine"}
    found = await subject.optimize_routing_decision("what is jazz", [], [], "jazz", given)
    assert found["fallback"]
    assert words in str(found["failure"])
    assert found["recommended_agent"] in AGENTS
    assert found["source"] == ("policy" if policy else "baseline")
    assert decode(RoutingDecision, sink.decisions[0]).slot == ("champion" if policy else "baseline")
    if not policy:
        assert (found["recommended_agent"], found["confidence"], found["reasoning"]) == (REPORT, 0.66, "mine")
    seen = await subject.get_routing_recommendations("what is jazz", baseline_prediction=given)
    assert words in str(seen["failure"])


async def test_a_slow_language_model_is_not_waited_for_and_blocks_nobody() -> None:
    released = threading.Event()

    def slow(request: Any) -> str:
        released.wait(20)
        return answering(SUMMARY)(request)

    subject, _ = recommender(answer=slow, program_timeout_s=0.05)
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0.005)

    counting = asyncio.create_task(count())
    found = await subject.get_routing_recommendations("find a video")
    counting.cancel()
    released.set()
    subject.close()
    assert turns >= 2
    assert (found["source"], found["recommended_agent"]) == ("baseline", VIDEO)
    assert "0.05 s" in str(found["failure"])


async def test_a_prediction_that_is_no_candidate_is_told_and_the_rules_decide() -> None:
    subject, sink = recommender(epsilon=0.0)
    given = {"recommended_agent": "nobody", "confidence": 0.9}
    found = await subject.optimize_routing_decision("find a video", [], [], "video", given)
    assert (found["recommended_agent"], found["source"], found["fallback"]) == (VIDEO, "baseline", True)
    assert "'nobody' is not among" in str(found["failure"])
    assert decode(RoutingDecision, sink.decisions[0]).confidence == found["confidence"] == 0.8


async def test_a_baseline_explores_with_the_rest_of_its_confidence() -> None:
    subject, sink = recommender(epsilon=0.9)
    given = {"recommended_agent": VIDEO, "confidence": 0.8}
    found = [await subject.optimize_routing_decision(f"q {i}", [], [], "q", given) for i in range(20)]
    assert {round(one["confidence"], 6) for one in found} == {0.8, 0.1}
    assert all(one["exploration"] is (one["recommended_agent"] != VIDEO) for one in found)
    for one, seen in zip(found, (decode(RoutingDecision, data) for data in sink.decisions), strict=True):
        assert seen.propensity == one["propensity"] == pytest.approx(0.3 if one["exploration"] else 0.4)


async def test_what_is_given_reaches_the_event_in_its_types() -> None:
    subject, sink = recommender()
    found = await subject.optimize_routing_decision(
        "find a video",
        [{"text": "Marie Curie", "label": "person", "id": 3}],
        [{"subject": "Marie Curie", "relation": "discusses", "object": "radium"}, {"head": "a", "tail": "b"}],
        "find a lecture",
        query_analysis={"intent": "video_search"},
        session_id="s-1",
    )
    seen = decode(RoutingDecision, sink.decisions[0])
    assert (seen.decision_id, seen.session_id, seen.enhanced_query) == (
        found["decision_id"],
        "s-1",
        "find a lecture",
    )
    assert (seen.entities[0].text, seen.relationships[0].subject, seen.relationships[1].head) == (
        "Marie Curie",
        "Marie Curie",
        "a",
    )
    assert seen.query_analysis == {"intent": "video_search"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"entities": [{"text": 3}]}, r"entities\[0\]"),
        ({"relationships": [{}, {"head": []}]}, r"relationships\[1\]"),
        ({"candidates": []}, "candidates"),
        ({"query": None}, "^query: .*None"),
    ],
)
async def test_bad_input_is_named(arguments: Any, words: str) -> None:
    subject, _ = recommender()
    for method in (subject.get_routing_recommendations, subject.optimize_routing_decision):
        with pytest.raises(InvalidEvent, match=words):
            await method(**{"query": "q", **arguments})


def test_ready_means_that_a_gated_policy_is_in_force() -> None:
    before, after = recommender()[0].get_optimization_status(), recommender(POLICY)[0].get_optimization_status()
    assert (before["optimizer_ready"], before["total_experiences"], before["training_step"]) == (False, 0, 0)
    assert (after["optimizer_ready"], after["current_epsilon"]) == (True, 0.1)
    assert set(before) == set(after)
    # A program alone doesn't make it ready.
    assert not recommender(answer=answering(VIDEO))[0].get_optimization_status()["optimizer_ready"]


@pytest.mark.parametrize("candidates", [[], ["a", "b", "a"], [""], "agent"])
def test_candidates_are_names_of_different_agents(candidates: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^candidates: "):
        recommender(candidates=candidates)


def test_a_preference_that_there_is_not_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="prefer"):
        recommender(prefer="baseline")


def test_the_probabilities_sum_to_one() -> None:
    subject, _ = recommender(POLICY)
    found = asyncio.run(subject.optimize_routing_decision("q"))
    assert np.sum(list(found["probabilities"].values())) == pytest.approx(1.0)
