"""The screen's reward model: it ranks the agents it has seen, and knows what it doesn't know."""

import msgspec
import numpy as np
import pytest

from models.expected_rewards import ExpectedRewards
from signalbox.policy import DecisionFeatures, FeatureConfiguration
from tests.models.logs import AGENTS, kind_of, log, query_of


def test_it_ranks_the_right_agent_first() -> None:
    model = ExpectedRewards.learned_from(log(800), FeatureConfiguration())
    rng = np.random.default_rng(1)
    queries = [query_of(rng) for _ in range(50)]
    best = [int(model.predict(DecisionFeatures(query), AGENTS).argmax()) for query in queries]
    assert best == [kind_of(query) for query in queries]


def test_it_follows_the_order_of_the_candidates_and_leaves_strangers_open() -> None:
    model = ExpectedRewards.learned_from(log(100), FeatureConfiguration())
    query = DecisionFeatures("show a picture of jazz")
    straight, mixed = model.predict(query, AGENTS), model.predict(query, ("delta", "stranger", "alpha"))
    assert mixed.tolist() == pytest.approx([straight[3], 0.5, straight[0]])
    assert ((straight > 0.0) & (straight < 1.0)).all()


def test_without_propensities_there_is_no_model() -> None:
    blind = [msgspec.structs.replace(item, propensity=None) for item in log(20)]
    assert ExpectedRewards.learned_from(blind, FeatureConfiguration()) is None
    assert ExpectedRewards.learned_from([], FeatureConfiguration()) is None
