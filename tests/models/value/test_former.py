"""What outlasts a change of the rewards: which queries are alike, not who is good at them."""

from __future__ import annotations

import numpy as np
import pytest

from models.configuration import TrainingConfiguration
from models.value import former as module
from models.value.former import Former
from models.value.learner import ValueLearner
from models.value.model import RewardModel
from models.value.rows import GrowingRows
from signalbox.events import Experience
from signalbox.policy import DecisionFeatures, FeatureConfiguration, Policy
from tests.models.logs import AGENTS, KINDS, TOPICS, experience, log
from tests.models.value.test_learner import deploy
from tests.processors.training.trials import other_way_round

CONFIGURATION = TrainingConfiguration(features=FeatureConfiguration(bits=14), seed=5)
QUERIES = [[DecisionFeatures(kind.format(topic)) for topic in TOPICS] for kind in KINDS]


@pytest.fixture(scope="module")
def before() -> Policy:
    return deploy(ValueLearner().fit(log(600), None, CONFIGURATION))


def learned(experiences: list[Experience], former: Policy | None) -> Policy:
    return deploy(ValueLearner().fit(experiences, None, CONFIGURATION, (), former))


def right(policy: Policy) -> float:
    """The share of queries that go to whoever is right after the change."""
    taken = [[int(policy.greedy(query, AGENTS).argmax()) for query in kind] for kind in QUERIES]
    return float(np.mean([agent == 3 - kind for kind, agents in enumerate(taken) for agent in agents]))


def test_few_experiences_tell_where_agents_have_gone(before: Policy) -> None:
    assert right(before) == 0.0
    found = {
        former is not None: np.mean(
            [right(learned(log(12, seed=seed, reward=other_way_round), former)) for seed in range(8)]
        )
        for former in (before, None)
    }
    assert found[True] > found[False] + 0.1, found


def test_it_folds_into_weights_that_expect_the_same(before: Policy) -> None:
    experiences = log(60, reward=other_way_round)
    model = RewardModel(len(AGENTS), CONFIGURATION.features, former=before)
    for item in experiences:
        judgement = model.judge(DecisionFeatures.of(item.decision), count=True)
        model.learn(judgement, sorted(AGENTS).index(item.decision.chosen_agent), item.reward)
    policy = learned(experiences, before)
    for query in [DecisionFeatures("nothing like it"), *QUERIES[0], *QUERIES[3]]:
        expected = model.judge(query).expected.values
        assert policy.values(query, sorted(AGENTS)) == pytest.approx(expected, abs=0.02)
    assert set(before.rows) <= set(policy.rows)
    assert model.queries == len(experiences), "what was counted before is not explored less"


def test_it_may_be_the_former_policy_of_a_second_change(before: Policy) -> None:
    once = learned(log(40, reward=other_way_round), before)
    assert right(once) > 0.9
    twice = learned(log(40, seed=4), once)
    assert [int(twice.greedy(kind[0], AGENTS).argmax()) for kind in QUERIES] == [0, 1, 2, 3]


def test_all_failures_teach_what_is_wrong_now(before: Policy) -> None:
    """The former champion, which explores no more, has failed thirty times."""
    items = [
        item for item in log(120) if before.greedy(DecisionFeatures.of(item.decision), AGENTS).max() == 1.0
    ]
    failed = [
        experience(item.decision, 0.0)
        for item in items
        if AGENTS[int(before.greedy(DecisionFeatures.of(item.decision), AGENTS).argmax())]
        == item.decision.chosen_agent
    ]
    policy = learned(failed, before)
    for kind, queries in enumerate(QUERIES):
        assert all(policy.values(query, AGENTS)[kind] < 0.2 for query in queries)


def test_other_features_have_nothing_to_do_with_it(before: Policy) -> None:
    other = TrainingConfiguration(features=FeatureConfiguration(bits=12))
    experiences = log(60)
    with_it, without = (ValueLearner().fit(experiences, None, other, (), f).tensors for f in (before, None))
    assert all(with_it[name].tobytes() == without[name].tobytes() for name in without)


def test_words_stay_as_rare_as_they_were(before: Policy) -> None:
    former = Former(before, 4)
    assert former.documents == pytest.approx(600, abs=5)
    rows = GrowingRows(14)
    rows.take_over(former.rows, former.frequency, former.documents)
    places = rows.places(former.rows)
    assert places.tolist() == list(range(len(former.rows)))
    assert rows.idf(places) == pytest.approx(before.idf[:-1], rel=0.01)
    assert rows.unseen_idf() == pytest.approx(float(before.idf[-1]), rel=0.01)


def test_only_the_weightiest_rows_are_kept(before: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LARGEST", 50)
    rows = Former(before, 4).rows
    assert len(rows) == 50
    assert (np.diff(rows) > 0).all()
    assert right(learned(log(40, reward=other_way_round), before)) > 0.9


def test_a_policy_that_knows_nothing_is_no_hindrance() -> None:
    trained = ValueLearner().fit(log(60), None, CONFIGURATION)
    nothing = {
        name: tensor[:0] if name in ("rows", "weights") else tensor for name, tensor in trained.tensors.items()
    }
    nothing["idf"] = trained.tensors["idf"][-1:]
    empty = deploy(type(trained)(kind="value", agents=trained.agents, tensors=nothing, samples=0))
    assert right(learned(log(200, reward=other_way_round), empty)) == 1.0
