"""A router's choices follow exactly the distribution that it publishes."""

import math
from collections import Counter
from datetime import UTC, datetime
from random import Random
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from benchmarks.random_policy import random_policy
from signalbox.cards import Cards
from signalbox.errors import ConfigurationError, InvalidEvent
from signalbox.events import Entity, RoutingDecision, RoutingOutcome, decode, encode
from signalbox.in_force import ActivePolicy, InForce
from signalbox.policy import Artifact, DecisionFeatures, Policy, digest_of, pack, unpack
from signalbox.policy.calibration import Calibration
from signalbox.router import MAX_QUERY_CHARACTERS, Router

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Sink:
    """Keeps what is published, as bytes that every reader accepts."""

    def __init__(self) -> None:
        self.decisions: list[bytes] = []
        self.outcomes: list[bytes] = []

    def publish_decision(self, decision: RoutingDecision) -> bool:
        self.decisions.append(encode(decision))
        return True

    def publish_outcome(self, outcome: RoutingOutcome) -> bool:
        self.outcomes.append(encode(outcome))
        return True


class Constant:
    def __init__(self, data: bytes | None, version: int = 3) -> None:
        self.current: ActivePolicy | None = None
        if data:
            self.current = ActivePolicy(Policy.load(data), digest_of(data), version, "champion")


def router(policy: bytes | None = None, **options: object) -> tuple[Router, Sink]:
    sink = Sink()
    options = {"seed": 7, "clock": lambda: NOON} | options
    return Router(sink, Constant(policy), "acme", **options), sink


names = st.lists(st.text("abcdefgh", min_size=1, max_size=6), min_size=1, max_size=12, unique=True)


@given(names, st.floats(0, 1), st.randoms(use_true_random=False))
def test_a_baseline_distribution_is_mixed_with_the_uniform_one_exactly(
    agents: list[str], epsilon: float, random: Random
) -> None:
    shares = {agent: random.random() + 1e-3 for agent in agents}
    total = sum(shares.values())
    subject, sink = router(epsilon=epsilon)
    decision = subject.decide("where is it", candidates=agents, baseline=shares)
    expected = [(1 - epsilon) * shares[agent] / total + epsilon / len(agents) for agent in agents]
    assert decision.probabilities == pytest.approx(expected, abs=1e-12)
    assert math.fsum(decision.probabilities) == pytest.approx(1, abs=1e-12)
    assert decision.propensity == decision.probabilities[agents.index(decision.chosen_agent)]
    assert decode(RoutingDecision, sink.decisions[0]) == decision


@given(names, st.text(max_size=200), st.integers(0, 5))
@settings(max_examples=50)
def test_a_policy_s_own_probabilities_travel_with_the_decision(
    agents: list[str], query: str, seed: int
) -> None:
    data = random_policy(("a", "b", "c", "d"), seed=seed)
    subject, sink = router(data)
    decision = subject.decide(query, [Entity("Paris")], agents, "image")
    seen = decode(RoutingDecision, sink.decisions[0])
    expected = Policy.load(data).probabilities(DecisionFeatures.of(seen), agents)
    assert list(seen.probabilities) == expected.tolist()
    assert math.fsum(seen.probabilities) == pytest.approx(1, abs=1e-12)
    assert seen.propensity == seen.probabilities[agents.index(seen.chosen_agent)]
    assert seen == decision
    assert (seen.slot, seen.policy_digest, seen.policy_version) == ("champion", digest_of(data), 3)


@pytest.mark.parametrize("kind", ["policy", "baseline", "pick", "uniform"])
def test_agents_are_drawn_as_often_as_their_propensities_say(kind: str) -> None:
    agents = ["a", "b", "c", "d", "unknown"]
    subject, _ = router(random_policy(("a", "b", "c", "d"), epsilon=0.4) if kind == "policy" else None)
    baseline = {"baseline": {"a": 5, "b": 3, "d": 2}, "pick": "c"}.get(kind)
    draws = 20_000
    decisions = [subject.decide("one query", candidates=agents, baseline=baseline) for _ in range(draws)]
    probabilities = decisions[0].probabilities
    drawn = Counter(decision.chosen_agent for decision in decisions)
    for agent, probability in zip(agents, probabilities, strict=True):
        error = math.sqrt(probability * (1 - probability) / draws)
        assert abs(drawn[agent] / draws - probability) <= 4 * error
    # The estimator's identity: inverse propensities of the draws average to the number of agents drawn from.
    weights = [1 / decision.propensity for decision in decisions]
    assert sum(weights) / draws == pytest.approx(len(agents), rel=0.1)


def test_an_agent_without_probability_is_never_drawn() -> None:
    subject, _ = router(epsilon=0.0)
    agents = ["never", "a", "neither", "b", "nor"]
    drawn = {subject.decide("q", candidates=agents, baseline={"a": 1, "b": 1}).chosen_agent for _ in range(500)}
    assert drawn == {"a", "b"}


def test_a_highest_possible_draw_takes_the_last_agent_that_has_a_probability() -> None:
    class Highest(Random):
        def random(self) -> float:
            return math.nextafter(1.0, 0.0)

    subject, _ = router(epsilon=0.0, seed=Highest())
    shares = {"a": 0.1, "b": 0.7, "c": 0.2, "never": 0.0}
    assert subject.decide("q", candidates=list(shares), baseline=shares).chosen_agent == "c"


def test_explored_and_confidence_say_how_the_choice_stands_to_the_policy() -> None:
    data = random_policy(("a", "b", "c"), epsilon=0.5)
    subject, _ = router(data)
    scores = Policy.load(data).scores(DecisionFeatures("which way"), ["a", "b", "c"]).astype(float)
    softmax = np.exp(scores) / np.exp(scores).sum()
    decisions = [subject.decide("which way", candidates=["a", "b", "c"]) for _ in range(100)]
    assert {decision.explored for decision in decisions} == {True, False}
    for decision in decisions:
        place = "abc".index(decision.chosen_agent)
        assert decision.explored == (place != int(scores.argmax()))
        assert decision.confidence == pytest.approx(softmax[place])


def test_without_a_policy_nothing_is_claimed_about_confidence() -> None:
    subject, _ = router()
    decision = subject.decide("q", candidates=["a", "b"], baseline="a")
    assert (decision.slot, decision.confidence, decision.policy_digest) == ("baseline", None, None)
    assert decision.probabilities == pytest.approx((0.95, 0.05))


def test_a_new_policy_serves_the_next_decision() -> None:
    source, sink = Constant(None), Sink()
    subject = Router(sink, source, "acme", seed=1)
    assert subject.decide("q", candidates=["a", "b"]).slot == "baseline"
    source.current = Constant(random_policy(("a", "b")), version=9).current
    after = subject.decide("q", candidates=["a", "b"])
    assert (after.slot, after.policy_version) == ("champion", 9)


def test_candidates_that_the_policy_doesn_t_know_at_all_are_equally_likely() -> None:
    subject, _ = router(random_policy(("a", "b")))
    decision = subject.decide("q", candidates=["new", "newer"])
    assert decision.probabilities == (0.5, 0.5)
    assert decision.confidence == 0.0


def knowing(*gone: str) -> Router:
    source = SimpleNamespace(in_force=InForce(cards=Cards({}, frozenset(gone))))
    return Router(Sink(), source, "acme", seed=7)


@pytest.mark.parametrize("baseline", [None, "b", {"a": 3.0, "b": 1.0}, {"b": 1.0}])
def test_before_the_first_policy_an_agent_that_has_left_gets_no_probability(baseline: object) -> None:
    decision = knowing("b", "d").decide("q", candidates=["a", "b", "c"], baseline=baseline)
    expected = (0.95, 0.0, 0.05) if isinstance(baseline, dict) and "a" in baseline else (0.5, 0.0, 0.5)
    assert decision.probabilities == pytest.approx(expected)


def test_candidates_that_have_all_left_are_taken_at_the_router_s_word() -> None:
    assert knowing("a", "b").decide("q", candidates=["a", "b"]).probabilities == (0.5, 0.5)


def test_a_confidence_is_calibrated_where_the_policy_brings_the_map() -> None:
    data = random_policy(("a", "b", "c"))
    artifact = unpack(data)
    halved = Calibration(method="isotonic", inputs=(0.0, 1.0), outputs=(0.0, 0.5))
    manifest = structs.replace(artifact.manifest, calibration=halved)
    plain, _ = router(data)
    subject, _ = router(pack(Artifact(manifest, artifact.tensors)))
    one, other = (each.decide("q", candidates=["a", "b", "c"]) for each in (plain, subject))
    assert one.chosen_agent == other.chosen_agent
    assert other.confidence == pytest.approx(one.confidence / 2)


def test_what_an_agent_costs_counts_as_much_as_the_request_says() -> None:
    artifact = unpack(random_policy(("a", "b", "c"), epsilon=0.3))
    manifest = structs.replace(artifact.manifest, costs={"a": 1.0, "b": 0.0, "c": 1.0})
    subject, sink = router(pack(Artifact(manifest, artifact.tensors)))
    for query in ("one", "two", "three"):
        features = DecisionFeatures(query, cost_weight=2.0)
        expected = Policy.load(pack(Artifact(manifest, artifact.tensors))).probabilities(features, "abc")
        decision = subject.decide(query, candidates=["a", "b", "c"], cost_weight=2.0)
        assert list(decision.probabilities) == expected.tolist()
        assert decision.probabilities[1] == pytest.approx(0.8)
    assert decode(RoutingDecision, sink.decisions[-1]).cost_weight == 2.0


def test_one_object_may_bring_everything_but_not_a_second_canary() -> None:
    source = SimpleNamespace(in_force=InForce(champion=Constant(random_policy(("a", "b"))).current))
    assert Router(Sink(), source, "acme").decide("q", candidates=["a", "b"]).slot == "champion"
    with pytest.raises(ConfigurationError, match="canary"):
        Router(Sink(), source, "acme", canary=Constant(None))


def test_one_seed_gives_one_sequence_of_choices() -> None:
    def choices() -> list[str]:
        subject, _ = router(seed=11)
        return [subject.decide(str(i), candidates=["a", "b", "c"]).chosen_agent for i in range(50)]

    assert choices() == choices()


def test_time_id_and_context_come_from_the_caller() -> None:
    subject, sink = router()
    subject.decide(
        "q", candidates=["a"], decision_id="d-1", session_id="s", user_id="u", attributes={"lang": "de"}
    )
    seen = decode(RoutingDecision, sink.decisions[0])
    assert (seen.decision_id, seen.occurred_at, seen.session_id, seen.user_id) == ("d-1", NOON, "s", "u")
    assert seen.attributes == {"lang": "de"}
    assert seen.cost_weight is None
    assert subject.decide("q", candidates=["a"], cost_weight=0.3).cost_weight == 0.3
    other = [subject.decide("q", candidates=["a"]).decision_id for _ in range(2)]
    assert len({"d-1", *other}) == 3


@pytest.mark.parametrize("query", ["x" * 20_000, "half of a pair \ud83d", "", "\x00", "猫" * 9000])
def test_no_query_breaks_the_router(query: str) -> None:
    subject, sink = router(random_policy(("a", "b")))
    subject.decide(query, candidates=["a", "b"], enhanced_query=query)
    assert len(decode(RoutingDecision, sink.decisions[0]).query) <= MAX_QUERY_CHARACTERS


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"candidates": []}, "candidates: at least one"),
        ({"candidates": ["a", "a"]}, "named twice"),
        ({"candidates": ["a"], "baseline": "b"}, "baseline: 'b' is not among"),
        ({"candidates": ["a", "b"], "baseline": {"a": -1.0}}, "baseline: "),
        ({"candidates": ["a", "b"], "baseline": {"a": math.nan}}, "baseline: "),
        ({"candidates": ["a"], "modality": "smell"}, "modality"),
        ({"candidates": ["a"], "cost_weight": -0.1}, "cost_weight"),
        ({"candidates": ["a"], "cost_weight": math.nan}, "cost_weight"),
        ({"candidates": ["a"], "cost_weight": 2e6}, "cost_weight"),
    ],
)
def test_bad_input_is_named(arguments: dict[str, object], message: str) -> None:
    subject, sink = router()
    with pytest.raises(InvalidEvent, match=message):
        subject.decide("q", **arguments)
    assert sink.decisions == []


@pytest.mark.parametrize("epsilon", [-0.1, 1.1, math.nan])
def test_epsilon_is_a_share(epsilon: float) -> None:
    with pytest.raises(ConfigurationError, match="epsilon"):
        router(epsilon=epsilon)


def test_an_outcome_goes_out_with_its_signals() -> None:
    subject, sink = router()
    subject.record_outcome("d-1", search_quality=0.9, agent_success=True, processing_time_s=1.2)
    seen = decode(RoutingOutcome, sink.outcomes[0])
    assert (seen.tenant_id, seen.decision_id, seen.occurred_at) == ("acme", "d-1", NOON)
    assert (seen.search_quality, seen.agent_success, seen.processing_time_s) == (0.9, True, 1.2)
    assert seen.user_satisfaction is None


@pytest.mark.parametrize(
    "signals", [{}, {"search_quality": 1.5}, {"user_satisfaction": math.nan}, {"processing_time_s": -1.0}]
)
def test_an_outcome_that_says_nothing_or_nonsense_is_refused(signals: dict[str, float]) -> None:
    subject, _ = router()
    with pytest.raises(InvalidEvent):
        subject.record_outcome("d-1", **signals)
