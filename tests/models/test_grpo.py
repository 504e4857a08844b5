"""The GRPO learner learns what the rewards say, repeatably."""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import pytest

from models.configuration import TrainingConfiguration
from models.errors import NothingToLearn
from models.grpo import GrpoLearner
from models.learner import Trained, learner_for
from signalbox.events import Experience
from signalbox.policy import Artifact, DecisionFeatures, FeatureConfiguration, Lineage, Manifest, Policy, pack
from tests.models.logs import AGENTS, KINDS, TOPICS, experience, log

CONFIGURATION = TrainingConfiguration(features=FeatureConfiguration(bits=14), seed=5)


def deploy(trained: Trained, configuration: Any = CONFIGURATION) -> Policy:
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
        tenant_id="acme",
        scope="routing",
        agents=trained.agents,
        epsilon=0.1,
        features=configuration.features,
        lineage=lineage,
    )
    return Policy.load(pack(Artifact(manifest, trained.tensors)))


def learn(
    experiences: Sequence[Experience], champion: Any = None, configuration: Any = CONFIGURATION
) -> Policy:
    return deploy(GrpoLearner().fit(experiences, champion, configuration), configuration)


def choices(policy: Policy, agents: tuple[str, ...] = AGENTS) -> list[set[int]]:
    """The greedy agent for each kind of query, over all topics."""
    queries = [[DecisionFeatures(kind.format(topic)) for topic in TOPICS] for kind in KINDS]
    return [{int(policy.greedy(query, agents).argmax()) for query in kind} for kind in queries]


def test_grpo_optimization_step() -> None:
    assert choices(learn(log(600))) == [{0}, {1}, {2}, {3}]


def test_swapped_labels_swap_the_choice() -> None:
    swap = [1, 0, 3, 2]

    def swapped(kind: Any, agent: int, rng: np.random.Generator) -> float:
        return float(agent == swap[kind])

    assert choices(learn(log(600, reward=swapped))) == [{1}, {0}, {3}, {2}]


def test_it_unlearns_a_champion_that_is_wrong() -> None:
    wrong = learn(log(600, reward=lambda kind, agent, rng: float(agent == 3 - kind)))
    assert choices(wrong) == [{3}, {2}, {1}, {0}]
    assert choices(learn(log(600, seed=1), champion=wrong)) == [{0}, {1}, {2}, {3}]


def test_a_strong_penalty_keeps_it_near_the_champion() -> None:
    wrong = learn(log(600, reward=lambda kind, agent, rng: float(agent == 3 - kind)))
    strict = msgspec.structs.replace(CONFIGURATION, kl=500.0)
    assert choices(learn(log(600, seed=1), wrong, strict)) == [{3}, {2}, {1}, {0}]


def test_it_learns_from_an_epsilon_greedy_log() -> None:
    champion = learn(log(60))
    explored = log(1500, seed=2, policy=champion)
    assert choices(learn(explored, champion)) == [{0}, {1}, {2}, {3}]


def test_a_new_agent_is_learned_beside_the_champions() -> None:
    champion = learn(log(300, agents=AGENTS[:3]))
    learned = learn(log(600, seed=4), champion)
    assert learned.manifest.agents == tuple(sorted(AGENTS))
    assert choices(learned) == [{0}, {1}, {2}, {3}]


def test_candidate_sets_may_differ() -> None:
    mixed = log(400) + log(400, seed=1, agents=AGENTS[:2])
    learned = learn(mixed)
    assert choices(learned) == [{0}, {1}, {2}, {3}]
    assert choices(learned, AGENTS[:2])[:2] == [{0}, {1}]


def test_the_same_arguments_give_the_same_tensors() -> None:
    experiences, champion = log(200), learn(log(100, seed=9))
    first, second = (GrpoLearner().fit(experiences, champion, CONFIGURATION).tensors for _ in range(2))
    assert first.keys() == second.keys()
    assert all(first[name].tobytes() == second[name].tobytes() for name in first)


def test_the_seed_matters() -> None:
    first, second = (
        GrpoLearner().fit(log(200), None, msgspec.structs.replace(CONFIGURATION, seed=seed)).tensors["weights"]
        for seed in (1, 2)
    )
    assert not np.array_equal(first, second)


def test_a_champion_on_other_features_is_a_reference_but_no_start() -> None:
    champion = learn(log(300))
    wider = msgspec.structs.replace(CONFIGURATION, features=FeatureConfiguration(bits=15))
    assert choices(learn(log(600, seed=1), champion, wider)) == [{0}, {1}, {2}, {3}]


def test_experiences_without_propensity_are_left_out_and_counted() -> None:
    experiences = log(100)
    blind = [msgspec.structs.replace(item, propensity=None) for item in experiences[:30]]
    trained = GrpoLearner().fit(blind + experiences[30:], None, CONFIGURATION)
    assert (trained.samples, trained.without_propensity) == (70, 30)


@pytest.mark.parametrize(
    ("experiences", "words"),
    [
        ([], "no experiences"),
        ([msgspec.structs.replace(item, propensity=None) for item in log(3)], "none of the 3"),
        (log(5, agents=AGENTS[:1]), "more than one candidate"),
        ([experience(item.decision, 0.5) for item in log(5)], "reward 0.5"),
    ],
)
def test_it_says_why_nothing_can_be_learned(experiences: Sequence[Experience], words: str) -> None:
    with pytest.raises(NothingToLearn, match=words):
        GrpoLearner().fit(experiences, None, CONFIGURATION)


def test_the_configuration_names_the_learner() -> None:
    grpo = msgspec.structs.replace(CONFIGURATION, learner="grpo")
    assert isinstance(learner_for(grpo), GrpoLearner)


def test_it_may_start_from_the_value_model() -> None:
    wrong = learn(log(600, reward=lambda kind, agent, rng: float(agent == 3 - kind)))
    started = msgspec.structs.replace(CONFIGURATION, start="value", epochs=1)
    assert choices(learn(log(300, seed=1), wrong, started)) == [{0}, {1}, {2}, {3}]
