"""What an analysis said of a query is a feature: policies learn from it what the words don't tell."""

from typing import Any

import numpy as np
import pytest
from msgspec import structs

from models.configuration import TrainingConfiguration
from models.learner import learner_for
from signalbox.events import Experience
from signalbox.policy import Artifact, DecisionFeatures, FeatureConfiguration, Lineage, Manifest, Policy, pack
from tests.models.logs import AGENTS, experience, log

INTENTS = ("watch", "look", "summarise", "ask")


def analysed(count: int) -> list[Experience]:
    """Queries of which nothing but the analysis says which agent is right."""
    rng = np.random.default_rng(4)
    found = []
    for item in log(count):
        right = int(rng.integers(len(AGENTS)))
        analysis = {"primary_intent": INTENTS[right], "complexity_level": "simple"}
        decision = structs.replace(item.decision, query="the usual, please", query_analysis=analysis)
        found.append(experience(decision, 0.9 if decision.chosen_agent == AGENTS[right] else 0.2))
    return found


@pytest.mark.parametrize("learner", ["value", "grpo"])
def test_a_policy_learns_from_the_analysis(learner: Any) -> None:
    configuration = TrainingConfiguration(learner=learner, features=FeatureConfiguration(bits=12), seed=1)
    trained = learner_for(configuration).fit(analysed(400), None, configuration)
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
        features=configuration.features,
        lineage=lineage,
    )
    policy = Policy.load(pack(Artifact(manifest, trained.tensors)))
    chosen = [
        AGENTS[
            int(
                policy.greedy(
                    DecisionFeatures("the usual, please", query_analysis={"primary_intent": intent}), AGENTS
                ).argmax()
            )
        ]
        for intent in INTENTS
    ]
    assert chosen == list(AGENTS)
