"""What the screen expects of agents it has not seen on a query."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.examples import Vectors, examples_of
from models.gate.evidence import UNKNOWN, Floats
from models.ope.reward_model import LinearRewardModel, fit_reward_model
from signalbox.events import Experience
from signalbox.policy import DecisionFeatures, FeatureConfiguration, Featurizer


class ExpectedRewards:
    """The reward model of the doubly robust estimators, asked query by query."""

    def __init__(
        self, model: LinearRewardModel, agents: tuple[str, ...], features: FeatureConfiguration
    ) -> None:
        self._model = model
        self._column = {agent: place for place, agent in enumerate(agents)}
        self._featurizer = Featurizer(features)

    @classmethod
    def learned_from(
        cls, experiences: Sequence[Experience], features: FeatureConfiguration
    ) -> ExpectedRewards | None:
        """The model of these experiences, which the gate must not judge by; None if none has a propensity."""
        usable = [item for item in experiences if item.propensity]
        if not usable:
            return None
        agents = tuple(sorted({agent for item in usable for agent in item.decision.candidate_agents}))
        model = fit_reward_model(examples_of(usable, agents, Featurizer(features)))
        return cls(model, agents, features)

    def predict(self, query: DecisionFeatures, candidates: Sequence[str]) -> Floats:
        """The expected rewards of `candidates`, in their order; `UNKNOWN` for who never was a candidate."""
        rows, values = self._featurizer.vector(query)
        expected = self._model.predict(Vectors(np.array([0, len(rows)], dtype=np.intp), rows, values))[0]
        places = [self._column.get(agent) for agent in candidates]
        return np.array([UNKNOWN if place is None else expected[place] for place in places])
