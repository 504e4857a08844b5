"""The value learner of the service: the per-event model refitted, and deployed as it was learned."""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import pytest

from models.configuration import TrainingConfiguration
from models.errors import NothingToLearn
from models.learner import Trained, learner_for
from models.value.learner import ValueLearner
from models.value.model import RewardModel
from signalbox.events import Experience
from signalbox.policy import Artifact, DecisionFeatures, FeatureConfiguration, Lineage, Manifest, Policy, pack
from tests.models.logs import AGENTS, KINDS, TOPICS, experience, log
from tests.models.value.test_online import card

CONFIGURATION = TrainingConfiguration(features=FeatureConfiguration(bits=14), seed=5)


def fit(experiences: Sequence[Experience], champion: Policy | None = None, **options: Any) -> Trained:
    return ValueLearner().fit(experiences, champion, CONFIGURATION, **options)


def deploy(trained: Trained) -> Policy:
    lineage = Lineage(
        trigger_id="t",
        parent_digest=None,
        ranges=(),
        buffer_digest="0",
        seed=0,
        code_version="test",
        configuration={},
    )
    manifest = Manifest(
        kind=trained.kind,
        tenant_id="acme",
        scope="routing",
        agents=trained.agents,
        epsilon=0.1,
        exploration="squarecb",
        gamma=CONFIGURATION.gamma_after(trained.samples),
        features=CONFIGURATION.features,
        lineage=lineage,
    )
    return Policy.load(pack(Artifact(manifest, trained.tensors)))


def choices(policy: Policy) -> list[set[int]]:
    queries = [[DecisionFeatures(kind.format(topic)) for topic in TOPICS] for kind in KINDS]
    return [{int(policy.greedy(query, AGENTS).argmax()) for query in kind} for kind in queries]


def test_it_learns_what_the_rewards_say() -> None:
    assert choices(deploy(fit(log(600)))) == [{0}, {1}, {2}, {3}]


def test_what_is_deployed_expects_what_the_model_expected() -> None:
    experiences = log(400)
    cards = [card(agent, description=kind) for agent, kind in zip(AGENTS, KINDS, strict=True)]
    trained = fit(experiences, cards=cards)
    texts = {one.agent: f"{one.agent} {one.description}" for one in cards}
    model = RewardModel(len(AGENTS), CONFIGURATION.features, [texts[agent] for agent in trained.agents])
    for item in experiences:
        judgement = model.judge(DecisionFeatures.of(item.decision), count=True)
        model.learn(judgement, trained.agents.index(item.decision.chosen_agent), item.reward)
    policy = deploy(trained)
    for topic in TOPICS:
        query = DecisionFeatures(f"please find {topic}")
        expected = model.judge(query).expected.values
        assert policy.values(query, trained.agents) == pytest.approx(expected, abs=0.02)


def test_the_same_arguments_give_the_same_tensors() -> None:
    experiences = log(100)
    first, second = fit(experiences).tensors, fit(experiences).tensors
    assert first.keys() == second.keys()
    assert all(first[name].tobytes() == second[name].tobytes() for name in first)


def test_propensities_are_not_needed() -> None:
    blind = [msgspec.structs.replace(item, propensity=None) for item in log(300)]
    trained = fit(blind)
    assert (trained.samples, trained.without_propensity) == (300, 0)
    assert choices(deploy(trained)) == [{0}, {1}, {2}, {3}]


def test_a_champion_only_names_agents() -> None:
    champion = deploy(fit(log(300, reward=lambda kind, agent, rng: float(agent == 3 - kind))))
    trained = fit(log(300, agents=AGENTS[:2]), champion)
    assert trained.agents == tuple(sorted(AGENTS))
    alone = fit(log(300, agents=AGENTS[:2]))
    query, both = DecisionFeatures(KINDS[0].format(TOPICS[0])), AGENTS[:2]
    assert deploy(trained).greedy(query, both).tolist() == deploy(alone).greedy(query, both).tolist()


def test_a_renamed_agent_keeps_what_it_learned() -> None:
    renamed = card("successor", aliases=(AGENTS[0],))
    trained = fit(log(300), cards=[renamed])
    assert AGENTS[0] not in trained.agents
    policy = deploy(trained)
    query = DecisionFeatures(KINDS[0].format(TOPICS[0]))
    assert policy.greedy(query, ("successor", *AGENTS[1:])).argmax() == 0
    assert policy.with_cards([renamed]).greedy(query, AGENTS).argmax() == 0


def test_costs_are_the_mean_of_the_outcomes() -> None:
    experiences = [
        msgspec.structs.replace(item, outcome=msgspec.structs.replace(item.outcome, cost=float(i)))
        for i, item in enumerate(log(60))
    ]
    costs = fit(experiences).costs
    for agent in AGENTS:
        mine = [i for i, item in enumerate(experiences) if item.decision.chosen_agent == agent]
        assert costs[agent] == pytest.approx(np.mean(mine))


@pytest.mark.parametrize(
    ("experiences", "words"),
    [
        ([], "no experiences"),
        (log(5, agents=AGENTS[:1]), "more than one candidate"),
        ([experience(item.decision, 0.5) for item in log(5)], "reward 0.5"),
    ],
)
def test_it_says_why_nothing_can_be_learned(experiences: Sequence[Experience], words: str) -> None:
    with pytest.raises(NothingToLearn, match=words):
        fit(experiences)


def test_the_configuration_names_the_learner() -> None:
    assert isinstance(learner_for(CONFIGURATION), ValueLearner)
