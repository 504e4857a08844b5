"""What cards change in a policy: newcomers, other names, who has left, and costs."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from msgspec import structs

from signalbox.events import AgentCard
from signalbox.policy import Artifact, DecisionFeatures, Policy
from signalbox.policy.cards import card_text, names_of
from tests.signalbox.test_policy_runtime import AGENTS, QUERY, artifact


def card(agent: str, **content: Any) -> AgentCard:
    return AgentCard(tenant_id="acme", occurred_at=datetime(2026, 1, 1, tzinfo=UTC), agent=agent, **content)


def weighing(cost_weight: float) -> DecisionFeatures:
    return structs.replace(QUERY, cost_weight=cost_weight)


def value_artifact(similarity: float = 5.0, exclusivity: float = 0.3, **manifest: Any) -> Artifact:
    made = artifact(
        similarity=np.array([similarity], np.float32), exclusivity=np.array([exclusivity], np.float32)
    )
    settings = {"kind": "value", "exploration": "squarecb", "gamma": 100.0} | manifest
    return Artifact(structs.replace(made.manifest, **settings), made.tensors)


POLICY = Policy(value_artifact())


def test_a_card_says_its_name_description_and_examples() -> None:
    assert card_text(card("a-b", description="does it", examples=("one", "two"))) == "a b does it one two"
    assert card_text(card("a", name="The agent")) == "The agent"


def test_an_alias_is_ones_own_unless_it_is_disputed() -> None:
    names = names_of([card("a", aliases=("b", "x", "y")), card("b", aliases=("y",)), card("c")])
    assert names == {"a": ("a", "x"), "x": ("a", "x"), "b": ("b",), "c": ("c",)}


def test_a_newcomer_is_scored_by_its_card() -> None:
    known = POLICY.with_cards([card("jazz", name="find a video about jazz"), card("other", name="tax returns")])
    scores = known.scores(QUERY, (*AGENTS, "jazz", "other", "stranger"))
    assert scores[:3].tolist() == POLICY.scores(QUERY, AGENTS).tolist()
    assert scores[3] == pytest.approx(5.0, rel=0.15)  # of 256 rows some are shared
    assert -1.0 < scores[4] < 1.0
    assert scores[5] == -np.inf
    assert known.greedy(QUERY, ("jazz", "other", "stranger")).tolist() == [1.0, 0.0, 0.0]


def test_only_the_value_model_has_newcomers() -> None:
    softmax = Policy(artifact()).with_cards([card("jazz", name="find a video about jazz")])
    assert softmax.scores(QUERY, ("jazz", "text"))[0] == -np.inf


@pytest.mark.parametrize(("agent", "aliases"), [("film", ("video",)), ("video", ("film",))])
def test_another_name_of_a_known_agent_has_its_weights(agent: str, aliases: tuple[str, ...]) -> None:
    known = POLICY.with_cards([card(agent, aliases=aliases)])
    expected = POLICY.scores(QUERY, ("audio", "video")).tolist()
    for name in ("video", "film"):
        assert known.scores(QUERY, ("audio", name)).tolist() == expected


@pytest.mark.parametrize("policy", [POLICY, Policy(artifact())])
def test_who_has_left_gets_nothing_unless_nobody_is_left(policy: Policy) -> None:
    known = policy.with_cards([], gone={"audio", "video"})
    found = known.probabilities(QUERY, AGENTS)
    assert found.tolist() == [0.0, 1.0, 0.0]
    assert known.greedy(QUERY, ("audio", "video")).sum() == pytest.approx(1.0)


def test_cards_leave_the_policy_itself_as_it_was() -> None:
    before = POLICY.probabilities(QUERY, AGENTS).tolist()
    changed = POLICY.with_cards([card("jazz")], gone={"audio"})
    assert POLICY.probabilities(QUERY, AGENTS).tolist() == before
    assert changed.with_cards([]).probabilities(QUERY, AGENTS).tolist() == before
    assert np.shares_memory(changed._matrix.weights, POLICY._matrix.weights)


@pytest.mark.parametrize("exploration", ["squarecb", "epsilon_greedy"])
def test_what_costs_much_is_chosen_less(exploration: str) -> None:
    policy = Policy(value_artifact(exploration=exploration, costs={"audio": 1.0, "text": 1.0}))
    policy = policy.with_cards([card("video", cost=5.0), card("audio", cost=99.0)])
    free = policy.decide(QUERY, AGENTS)
    assert policy.decide(weighing(0.0), AGENTS).probabilities.tolist() == free.probabilities.tolist()
    for agent, cost in zip(AGENTS, (1.0, 1.0, 5.0), strict=True):
        assert policy._lineups.of((agent,)).costs.tolist() == [cost]
    dear = policy.decide(weighing(10.0), AGENTS)
    assert dear.values.tolist() == free.values.tolist()
    assert dear.probabilities.sum() == pytest.approx(1.0, abs=1e-12)
    assert dear.probabilities[2] < 0.05
    assert policy._lineups.of(("nobody",)).costs == pytest.approx([7.0 / 3.0])


def test_an_unknown_agent_is_not_exploited_because_all_others_are_dear() -> None:
    policy = Policy(value_artifact(exploration="epsilon_greedy", costs={"audio": 1.0, "text": 1.0}))
    found = policy.probabilities(weighing(100.0), ("audio", "text", "stranger"))
    assert found[2] == pytest.approx(0.1 / 3)
    assert policy.greedy(weighing(100.0), ("audio", "text", "stranger"))[2] == 0.0


def test_nor_explored_more_than_the_best_is_taken() -> None:
    policy = Policy(value_artifact(costs={"audio": 1.0, "text": 1.0, "video": 50.0}))
    for candidates in (("video", "stranger"), ("stranger", "video", "nobody")):
        decided = policy.decide(weighing(1.0), candidates)
        taken = decided.probabilities[candidates.index("video")]
        assert taken > 0.9
        assert (policy.greedy(weighing(1.0), candidates) == (decided.probabilities == taken)).all()


@pytest.mark.parametrize("exploration", ["squarecb", "epsilon_greedy"])
def test_where_the_query_does_not_say_what_cost_weighs_the_manifest_does(exploration: str) -> None:
    made = value_artifact(exploration=exploration, costs={"audio": 1.0, "text": 0.0})
    dear = Policy(Artifact(structs.replace(made.manifest, cost_weight=3.0), made.tensors))
    asked = Policy(made).probabilities(weighing(3.0), AGENTS).tolist()
    assert dear.probabilities(QUERY, AGENTS).tolist() == asked
    assert (
        dear.probabilities(weighing(0.0), AGENTS).tolist() == Policy(made).probabilities(QUERY, AGENTS).tolist()
    )
    assert dear.greedy(QUERY, ("audio", "text")).tolist() == [0.0, 1.0]


def test_values_of_the_softmax_kind_are_its_softmax() -> None:
    policy = Policy(artifact())
    scores = policy.scores(QUERY, AGENTS).astype(float)
    expected = np.exp(scores) / np.exp(scores).sum()
    assert policy.values(QUERY, AGENTS) == pytest.approx(expected, abs=1e-6)
    assert policy.values(DecisionFeatures("x"), ("a", "b")).tolist() == [0.0, 0.0]
