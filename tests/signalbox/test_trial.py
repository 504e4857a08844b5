"""A trial draws between two policies where they disagree, a canary decides alone, with exact propensities."""

import math
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.random_policy import random_policy
from signalbox.events import RoutingDecision, encode
from signalbox.in_force import ActivePolicy, LearnedSlot
from signalbox.policy import BaselinePolicy, DecisionFeatures, Policy, digest_of
from signalbox.router import Router
from signalbox.trial import decided_by_canary, mixture

AGENTS = ["a", "b", "c", "d"]


class Source:
    """A subscriber whose policy never changes."""

    def __init__(self, current: ActivePolicy | None) -> None:
        self.current = current


class Nowhere:
    def publish_decision(self, decision: RoutingDecision) -> bool:
        encode(decision)
        return True


def active(seed: int, epsilon: float = 0.1, slot: LearnedSlot = "champion") -> ActivePolicy:
    data = random_policy(tuple(AGENTS), seed=seed, epsilon=epsilon, rows=20_000)
    return ActivePolicy(Policy.load(data), digest_of(data), 3, slot)


def tried(seed: int, epsilon: float = 0.1, share: float = 0.5, reason: str = "trial") -> ActivePolicy:
    return replace(active(seed, epsilon, "canary"), reason=reason, share=share)


def router(champion: ActivePolicy | None, canary: ActivePolicy | None, epsilon: float = 0.1) -> Router:
    return Router(Nowhere(), Source(champion), "acme", epsilon, seed=3, canary=Source(canary))


def alone(policy: ActivePolicy, query: str) -> list[float]:
    return policy.policy.probabilities(DecisionFeatures(query), AGENTS).tolist()


def queries(champion: ActivePolicy, candidate: ActivePolicy, *, disagree: bool) -> list[str]:
    def greedy(policy: ActivePolicy, query: str) -> list[float]:
        return policy.policy.greedy(DecisionFeatures(query), AGENTS).tolist()

    texts = [f"query {i} of {i * 7} about {i % 13} things" for i in range(200)]
    return [text for text in texts if disagree == (greedy(champion, text) != greedy(candidate, text))]


distributions = st.integers(1, 20).flatmap(
    lambda size: st.tuples(*[st.lists(st.floats(0, 1), min_size=size, max_size=size).filter(any)] * 2)
)


@given(distributions, st.floats(0.001, 1))
def test_a_mixture_is_a_distribution_between_the_two(
    weights: tuple[list[float], list[float]], share: float
) -> None:
    champion, candidate = ([part / math.fsum(parts) for part in parts] for parts in weights)
    mixed = mixture(champion, candidate, share)
    assert math.fsum(mixed) == pytest.approx(1, abs=1e-9)
    for probability, one, other in zip(mixed, champion, candidate, strict=True):
        assert 0 <= probability <= 1
        assert min(one, other) * (1 - 1e-12) <= probability <= max(one, other) * (1 + 1e-12)


@given(st.integers(0, 3), st.floats(0, 1), st.floats(0, 1), st.floats(0.01, 1))
@settings(max_examples=30)
def test_where_the_two_disagree_the_event_tells_the_draw_s_exact_probabilities(
    seed: int, epsilon: float, other_epsilon: float, share: float
) -> None:
    champion, candidate = active(seed, epsilon), tried(seed + 10, other_epsilon, share)
    subject = router(champion, candidate)
    for query in ("first", "second", "third"):
        decision = subject.decide(query, candidates=AGENTS)
        own, theirs = alone(champion, query), alone(candidate, query)
        expected = mixture(own, theirs, share) if decision.trial_digest else own
        assert list(decision.probabilities) == expected
        assert math.fsum(decision.probabilities) == pytest.approx(1, abs=1e-12)
        assert decision.propensity == decision.probabilities[AGENTS.index(decision.chosen_agent)]
        assert (decision.slot, decision.policy_digest) == ("champion", champion.digest)


def test_agents_are_drawn_in_a_trial_as_often_as_their_propensities_say() -> None:
    champion, candidate = active(1, 0.4), tried(2, 0.2, 0.3)
    query = queries(champion, candidate, disagree=True)[0]
    subject, draws = router(champion, candidate), 8_000
    drawn = Counter(subject.decide(query, candidates=AGENTS).chosen_agent for _ in range(draws))
    for agent, probability in zip(
        AGENTS, mixture(alone(champion, query), alone(candidate, query), 0.3), strict=True
    ):
        error = math.sqrt(probability * (1 - probability) / draws)
        assert abs(drawn[agent] / draws - probability) <= 4 * error


def test_the_trial_is_named_exactly_where_the_two_would_take_different_agents() -> None:
    champion, candidate = active(1), tried(2)
    subject = router(champion, candidate)
    for disagree, digest in ((True, candidate.digest), (False, None)):
        texts = queries(champion, candidate, disagree=disagree)
        assert len(texts) > 10
        assert {subject.decide(text, candidates=AGENTS).trial_digest for text in texts} == {digest}


def test_where_they_agree_a_trial_changes_no_choice() -> None:
    champion, candidate = active(1), tried(2)
    with_trial, without = router(champion, candidate), router(champion, None)
    for text in queries(champion, candidate, disagree=False):
        one, other = (subject.decide(text, candidates=AGENTS) for subject in (with_trial, without))
        assert (one.chosen_agent, one.probabilities) == (other.chosen_agent, other.probabilities)
        assert one.confidence == other.confidence


def test_what_either_of_the_two_would_take_is_not_called_explored() -> None:
    champion, candidate = active(1, 0.5), tried(2, 0.5)
    query = queries(champion, candidate, disagree=True)[0]
    own, theirs = alone(champion, query), alone(candidate, query)
    taken = {AGENTS[own.index(max(own))], AGENTS[theirs.index(max(theirs))]}
    subject = router(champion, candidate)
    decisions = [subject.decide(query, candidates=AGENTS) for _ in range(100)]
    assert {decision.chosen_agent for decision in decisions} > taken
    for decision in decisions:
        assert decision.explored == (decision.chosen_agent not in taken)


@pytest.mark.parametrize("baseline", [None, {"a": 3, "b": 1}, "other"])
def test_before_a_champion_the_baseline_stands_in_its_place(baseline: object) -> None:
    candidate = tried(2)
    theirs = alone(candidate, "q")
    best = AGENTS[theirs.index(max(theirs))]
    if baseline == "other":
        baseline = next(agent for agent in AGENTS if agent != best)
    weights = {baseline: 1.0} if isinstance(baseline, str) else baseline
    own = BaselinePolicy(weights, 0.1).probabilities(DecisionFeatures("q"), AGENTS)
    decision = router(None, candidate).decide("q", candidates=AGENTS, baseline=baseline)
    assert decision.probabilities == pytest.approx(mixture(own.tolist(), theirs, 0.5), abs=1e-12)
    assert (decision.slot, decision.trial_digest) == ("baseline", candidate.digest)
    assert (decision.policy_digest, decision.confidence) == (None, None)


def test_a_baseline_that_picks_what_the_candidate_takes_agrees() -> None:
    candidate = tried(2)
    theirs = alone(candidate, "q")
    best = AGENTS[theirs.index(max(theirs))]
    decision = router(None, candidate).decide("q", candidates=AGENTS, baseline=best)
    assert (decision.trial_digest, max(decision.probabilities)) == (None, pytest.approx(0.925))


@pytest.mark.parametrize("champion", [active(1), None])
def test_a_canary_decides_alone_for_its_share_of_decision_ids(champion: ActivePolicy | None) -> None:
    canary = tried(2, share=0.2, reason="canary")
    subject, count = router(champion, canary), 3000
    decisions = [subject.decide("q", candidates=AGENTS, decision_id=f"d-{i}") for i in range(count)]
    mine = [decision for decision in decisions if decision.slot == "canary"]
    assert abs(len(mine) / count - 0.2) <= 4 * math.sqrt(0.2 * 0.8 / count)
    assert {(decision.policy_digest, decision.probabilities) for decision in mine} == {
        (canary.digest, tuple(alone(canary, "q")))
    }
    others = {(decision.slot, decision.policy_digest) for decision in decisions if decision not in mine}
    assert others == {("champion", champion.digest) if champion else ("baseline", None)}
    assert {decision.trial_digest for decision in decisions} == {None}
    again = [router(champion, canary).decide("q", candidates=AGENTS, decision_id=d.decision_id) for d in mine]
    assert {decision.slot for decision in again} == {"canary"}


@given(st.text(max_size=20), st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_keeps_the_ids_of_a_smaller_one(decision_id: str, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert not decided_by_canary(decision_id, low) or decided_by_canary(decision_id, high)
    assert decided_by_canary(decision_id, 1.0)
    assert not decided_by_canary(decision_id, 0.0)
