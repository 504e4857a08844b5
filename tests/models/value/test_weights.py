"""An example that weighs less than 1 counts less: for the value model and for GRPO."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.configuration import TrainingConfiguration
from models.learner import Trained, learner_for
from models.value.model import RewardModel
from signalbox.policy import DecisionFeatures, FeatureConfiguration
from tests.models.logs import log

FEATURES = FeatureConfiguration(bits=12)
LOG = log(120)


def expected(reward: float, weight: float) -> float:
    """What the second of three agents may expect after one example of it, on top of what is known."""
    model = RewardModel(3, FEATURES)
    for i in range(30):
        model.learn(model.judge(DecisionFeatures("find a video"), count=True), i % 3, 0.5)
    query = DecisionFeatures("find a film")
    model.learn(model.judge(query, count=True), 1, reward, weight)
    return float(model.judge(query).expected.values[1])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0.0, 1.0), min_size=2, max_size=2).map(sorted))
def test_the_more_a_success_weighs_the_more_is_expected(weights: list[float]) -> None:
    less, more = (expected(0.96, weight) for weight in weights)
    assert expected(0.96, 0.0) <= less + 1e-6 <= more + 2e-6


def fit(learner: str, weights: dict[str, float]) -> Trained:
    configuration = TrainingConfiguration(learner=learner, features=FEATURES)  # type: ignore[arg-type]
    return learner_for(configuration).fit(LOG, None, configuration, weights=weights)


@pytest.mark.parametrize("learner", ["value", "grpo"])
def test_what_weighs_nothing_teaches_nothing_and_1_is_the_usual_weight(learner: str) -> None:
    nothing = fit(learner, {item.decision_id: 0.0 for item in LOG})
    assert not nothing.tensors["weights"].any()
    usual, one = fit(learner, {}), fit(learner, {item.decision_id: 1.0 for item in LOG})
    assert all(np.array_equal(usual.tensors[name], one.tensors[name]) for name in usual.tensors)
    assert usual.tensors["weights"].any()
