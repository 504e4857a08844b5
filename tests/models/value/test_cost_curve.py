"""One value policy serves the whole curve between cost and quality: only the request's weight changes."""

import msgspec
import numpy as np
import pytest

from models.configuration import TrainingConfiguration
from processors.training import answer
from signalbox.events import Experience, Signals
from signalbox.policy import DecisionFeatures, FeatureConfiguration, Policy
from tests.models.logs import KINDS, TOPICS, log, trigger

AGENTS = ("cheap", "fair", "good", "best")
QUALITY = np.array(
    [[0.55, 0.65, 0.72, 0.90], [0.40, 0.70, 0.80, 0.85], [0.60, 0.62, 0.64, 0.95], [0.30, 0.45, 0.75, 0.80]]
)
"""Of each agent (column) for each kind of query (row): who costs more is better at everything."""
COSTS = np.array([0.1, 0.4, 1.0, 2.5])
WEIGHTS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 1.0, 3.0)


def quality(kind: int, agent: int, rng: np.random.Generator) -> float:
    return float(np.clip(QUALITY[kind, agent] + rng.normal(0.0, 0.05), 0.0, 1.0))


def priced(item: Experience, rng: np.random.Generator) -> Experience:
    cost = COSTS[AGENTS.index(item.decision.chosen_agent)] * rng.uniform(0.8, 1.2)
    return msgspec.structs.replace(item, outcome=Signals(cost=float(cost)))


@pytest.fixture(scope="module", params=["squarecb", "epsilon_greedy"])
def policy(request: pytest.FixtureRequest) -> Policy:
    """Trained where cost didn't count, by what the service's trainer runs."""
    rng = np.random.default_rng(1)
    items = [priced(item, rng) for item in log(2000, reward=quality, agents=AGENTS)]
    configuration = TrainingConfiguration(features=FeatureConfiguration(bits=14), exploration=request.param)
    found = answer(trigger(), items, None, configuration)
    assert found.artifact is not None, found.result.message
    return Policy.load(found.artifact)


def means(policy: Policy, weight: float) -> tuple[float, float]:
    """What a decision costs and how good it is, over all queries, exploration included."""
    costs, qualities = [], []
    for kind, text in enumerate(KINDS):
        for topic in TOPICS:
            shares = policy.probabilities(DecisionFeatures(text.format(topic), cost_weight=weight), AGENTS)
            costs.append(shares @ COSTS)
            qualities.append(shares @ QUALITY[kind])
    return float(np.mean(costs)), float(np.mean(qualities))


def test_the_more_cost_weighs_the_cheaper_and_the_worse(policy: Policy) -> None:
    costs, qualities = np.array([means(policy, weight) for weight in WEIGHTS]).T
    assert (np.diff(costs) <= 1e-9).all(), costs
    assert (np.diff(qualities) <= 1e-3).all(), qualities
    assert (costs[0] > 2.0, costs[-1] < 0.5) == (True, True), costs
    assert (qualities[0] > 0.83, qualities[-1] < 0.6) == (True, True), qualities
    assert len(np.unique(costs.round(1))) >= 4, "a curve, not a switch"


@pytest.mark.parametrize("weight", WEIGHTS)
def test_each_point_is_near_the_best_that_could_be_done(policy: Policy, weight: float) -> None:
    """Of quality - weight * cost, nearly what who knows all true numbers gets."""
    cost, earned = means(policy, weight)
    best = (QUALITY - weight * COSTS).max(axis=1).mean()
    worst = (QUALITY - weight * COSTS).min(axis=1).mean()
    assert best - (earned - weight * cost) < 0.2 * (best - worst)


def test_a_request_without_a_weight_takes_the_tenants(policy: Policy) -> None:
    query = DecisionFeatures(KINDS[0].format(TOPICS[0]))
    free = DecisionFeatures(query.query, cost_weight=0.0)
    assert policy.manifest.cost_weight == 0.0
    assert policy.probabilities(query, AGENTS).tolist() == policy.probabilities(free, AGENTS).tolist()
    assert policy.manifest.costs == pytest.approx(dict(zip(AGENTS, COSTS, strict=True)), rel=0.05)
