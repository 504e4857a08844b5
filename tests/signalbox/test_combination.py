"""What a router decides with is one snapshot in which policies know the agents' cards."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from benchmarks.random_policy import random_policy
from signalbox.cards import NO_CARDS, Cards
from signalbox.combination import Combination
from signalbox.connection import Connection
from signalbox.errors import ConfigurationError
from signalbox.events import AgentCard, PolicyUpdate, RoutingDecision, encode
from signalbox.in_force import ActivePolicy, InForce
from signalbox.policy import DecisionFeatures, Policy, digest_of
from signalbox.policy_feed import PolicyFeed
from signalbox.router import Router
from signalbox.slots import PolicySlots

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
NOWHERE = Connection("127.0.0.1:1")
POLICIES = [random_policy(("a", "b", "c"), seed=seed, rows=5000, epsilon=0.3) for seed in range(2)]


class Nowhere:
    def publish_decision(self, decision: RoutingDecision) -> bool:
        encode(decision)
        return True


def active(seed: int = 0, **changes: object) -> ActivePolicy:
    data = POLICIES[seed]
    return replace(ActivePolicy(Policy.load(data), digest_of(data), 1, "champion"), **changes)


def canary() -> ActivePolicy:
    return active(1, slot="canary", reason="trial", share=0.5)


def cards(*agents: str, gone: frozenset[str] = frozenset(), **fields: object) -> Cards:
    known = [AgentCard(tenant_id="acme", occurred_at=NOON, agent=agent, **fields) for agent in agents]
    return Cards({card.agent: card for card in known}, gone)


def test_policies_are_taken_as_they_are_while_nothing_is_known_of_the_agents() -> None:
    subject, champion, candidate = Combination(), active(), canary()
    assert subject.in_force == InForce(None, None, NO_CARDS)
    subject.adopt(champion)
    subject.adopt(candidate)
    assert (subject.in_force.champion, subject.in_force.canary) == (champion, candidate)
    subject.end("canary")
    assert (subject.in_force.champion, subject.in_force.canary) == (champion, None)
    subject.end("champion")
    subject.end("champion")
    assert subject.in_force == InForce()


def test_cards_and_policies_are_combined_in_whichever_order_they_come() -> None:
    first, second = Combination(), Combination()
    known = cards("a", gone=frozenset({"b"}))
    first.adopt(active())
    first.adopt(canary())
    plain = first.in_force
    first.learn(known)
    second.learn(known)
    second.adopt(active())
    second.adopt(canary())
    for snapshot in (first.in_force, second.in_force):
        assert snapshot.cards is known
        for one in (snapshot.champion, snapshot.canary):
            given = one.policy.probabilities(DecisionFeatures("which way"), ("a", "b", "c"))
            assert given[1] == 0.0
            assert given.sum() == pytest.approx(1)
    before = plain.champion.policy.probabilities(DecisionFeatures("which way"), ("a", "b", "c"))
    assert before[1] > 0.0


def test_only_what_changed_is_combined_anew() -> None:
    subject = Combination()
    subject.learn(cards("a"))
    subject.adopt(active())
    champion = subject.in_force.champion
    subject.adopt(canary())
    subject.end("canary")
    assert subject.in_force.champion is champion
    subject.learn(cards("a", "b"))
    assert subject.in_force.champion is not champion
    subject.learn(NO_CARDS)
    assert subject.in_force.champion == active(policy=subject.in_force.champion.policy)


def test_in_a_trial_an_agent_that_has_left_is_never_drawn() -> None:
    subject = Combination()
    subject.learn(cards("a", gone=frozenset({"b"})))
    subject.adopt(active())
    subject.adopt(canary())
    router = Router(Nowhere(), subject, "acme", seed=Random(1))
    decisions = [router.decide(f"query {i}", candidates=["a", "b", "c"]) for i in range(200)]
    assert {decision.chosen_agent for decision in decisions} == {"a", "c"}
    assert {decision.probabilities[1] for decision in decisions} == {0.0}
    assert {decision.trial_digest for decision in decisions} == {None, canary().digest}


def test_an_agent_takes_over_what_was_learned_under_its_earlier_name() -> None:
    subject = Combination()
    subject.adopt(active())
    before = subject.in_force.champion.policy.scores(DecisionFeatures("q"), ("a", "b", "c"))
    subject.learn(cards("b2", gone=frozenset({"b"}), aliases=("b",)))
    after = subject.in_force.champion.policy.scores(DecisionFeatures("q"), ("a", "b2", "c"))
    assert after == pytest.approx(before)


def test_both_slots_and_the_cards_come_from_one_object(tmp_path: Path) -> None:
    swaps: list[ActivePolicy] = []
    subject = PolicySlots(NOWHERE, "acme", cache_folder=tmp_path, on_swap=swaps.append)
    assert subject.in_force == InForce()
    assert not subject.wait_ready(0)
    for source, data, changes in (
        (subject.champion, POLICIES[0], {"slot": "champion", "reason": "promoted"}),
        (subject.canary, POLICIES[1], {"slot": "canary", "reason": "trial", "share": 0.5}),
    ):
        update = PolicyUpdate(
            tenant_id="acme",
            occurred_at=NOON,
            scope="routing",
            version=4,
            digest=digest_of(data),
            size_bytes=len(data),
            chunks=1,
            manifest={},
            **changes,
        )
        source.adopt(update, data, None)
    assert swaps == [subject.in_force.champion, subject.in_force.canary]
    assert subject.wait_ready(0)
    again = PolicySlots(NOWHERE, "acme", cache_folder=tmp_path)
    assert again.in_force.champion.digest == digest_of(POLICIES[0])
    assert again.in_force.canary is None
    subject.canary.end()
    subject.champion.end()
    assert subject.in_force == InForce()


def test_several_tenants_may_share_a_feed_and_names_are_checked() -> None:
    feed = PolicyFeed(NOWHERE)
    PolicySlots(NOWHERE, "acme", feed=feed)
    PolicySlots(NOWHERE, "rival", feed=feed)
    with pytest.raises(ConfigurationError, match="followed already"):
        PolicySlots(NOWHERE, "acme", feed=feed)
    with pytest.raises(ConfigurationError, match="tenant_id"):
        PolicySlots(NOWHERE, "../acme")
