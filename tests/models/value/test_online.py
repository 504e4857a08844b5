"""The value model, one decision at a time: it learns, explores exactly, and starts from what cards say."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from models.value import OnlineValue
from signalbox.events import AgentCard
from signalbox.policy import FeatureConfiguration
from tests.models.logs import KINDS, TOPICS

FEATURES = FeatureConfiguration(bits=14)
AGENTS = ("audio", "image", "text", "video")


def card(agent: str, **content: Any) -> AgentCard:
    return AgentCard(tenant_id="acme", occurred_at=datetime(2026, 1, 1, tzinfo=UTC), agent=agent, **content)


def trained(decisions: int = 300, seed: int = 0, **options: Any) -> tuple[OnlineValue, float]:
    """The model after some decisions, of which the kind of query names the right agent, and its mean reward."""
    model = OnlineValue(AGENTS, FEATURES, seed, **options)
    rng = np.random.default_rng(seed)
    earned = 0.0
    for _ in range(decisions):
        kind = int(rng.integers(len(KINDS)))
        chosen, probabilities = model.decide(KINDS[kind].format(TOPICS[rng.integers(len(TOPICS))]))
        assert probabilities.sum() == pytest.approx(1.0, abs=1e-12)
        assert probabilities[chosen] > 0.0
        model.learn(float(chosen == kind))
        earned += float(chosen == kind)
    return model, earned / decisions


@pytest.mark.parametrize("exploration", ["squarecb", "epsilon_greedy", "greedy"])
def test_it_learns_which_agent_is_right(exploration: Any) -> None:
    model, earned = trained(exploration=exploration)
    assert earned > 0.8
    for kind, text in enumerate(KINDS):
        assert {model.greedy(text.format(topic)) for topic in TOPICS} == {kind}


def test_what_it_expects_is_near_what_comes() -> None:
    model, _ = trained(600)
    values = np.array([model.values(kind.format(topic)) for kind in KINDS for topic in TOPICS])
    right = np.repeat(np.eye(len(AGENTS)), len(TOPICS), axis=0)
    assert ((values >= 0.0) & (values <= 1.0)).all()
    assert values[right == 1.0].mean() > 0.9
    assert values[right == 0.0].mean() < 0.2


def test_graded_rewards_are_expected_as_they_are() -> None:
    model = OnlineValue(("a", "b"), FEATURES, 0, exploration="epsilon_greedy", epsilon=0.5)
    rng = np.random.default_rng(0)
    for _ in range(1500):
        chosen, _ = model.decide(f"question number {rng.integers(5)}")
        model.learn(0.8 if chosen else 0.6)
    expected = np.mean([model.values(f"question number {i}") for i in range(5)], axis=0)
    assert expected == pytest.approx([0.6, 0.8], abs=0.06)


def test_the_same_seed_decides_the_same() -> None:
    (first, earned), (second, again) = trained(100, seed=3), trained(100, seed=3)
    assert earned == again
    assert first.values("anything").tolist() == second.values("anything").tolist()


def test_who_is_no_candidate_is_not_chosen() -> None:
    model = OnlineValue(AGENTS, FEATURES, 0)
    for _ in range(20):
        chosen, probabilities = model.decide("find it", candidates=[3, 1])
        assert chosen in (1, 3)
        assert probabilities[[0, 2]].tolist() == [0.0, 0.0]
        model.learn(0.5)


def test_a_reward_belongs_to_one_decision() -> None:
    model, _ = trained(1)
    with pytest.raises(ValueError, match="no decision"):
        model.learn(1.0)


def test_a_card_is_right_before_anything_is_learned() -> None:
    cards = [card("a", description="what is the weather like"), card("b", name="money transfer")]
    model = OnlineValue(("a", "b", "c"), FEATURES, 0, cards)
    assert model.greedy("will the weather be fine") == 0
    assert model.greedy("transfer some money") == 1


def test_a_card_that_misleads_is_unlearned() -> None:
    model = OnlineValue(("a", "b"), FEATURES, 0, [card("a", name="weather"), card("b", name="money")])
    for _ in range(60):
        chosen, _ = model.decide("weather report")
        model.learn(float(chosen == 1))
    assert model.greedy("weather report") == 1


def test_two_hundred_agents_and_any_text_are_no_trouble() -> None:
    model = OnlineValue([f"agent-{i}" for i in range(200)], FEATURES, 0)
    for text in ("", "?", "x" * 9000, "\u0000 \ud800", "日本語のテキスト"):
        _, probabilities = model.decide(text)
        model.learn(1.0)
        assert probabilities.shape == (200,)
        assert probabilities.min() >= 0.0
