"""Group-relative policy optimisation (GRPO) of a linear softmax policy, on numpy.

Shao et al., "DeepSeekMath", 2024, section 4.1: advantages relative to a group (models/advantage.py), clipped
importance ratios and a divergence penalty (models/objective.py), mini-batches and several epochs. The penalty's
reference is the champion, from whose weights training starts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from models.adagrad import AdaGrad
from models.advantage import advantages
from models.configuration import TrainingConfiguration
from models.costs import mean_costs
from models.errors import NothingToLearn
from models.examples import Examples, Floats, Places, examples_of
from models.learner import Trained, require_difference
from models.objective import Objective
from models.value.learner import FoldedWeights, ValueLearner
from models.vocabulary import Vocabulary
from signalbox.events import AgentCard, Experience
from signalbox.policy import DecisionFeatures, Featurizer, Policy

LEARNING_RATE = 0.1
"""Of AdaGrad's steps; measured in docs/decisions/. The specification's .001 is for another optimiser."""
_LARGEST = 60_000.0
"""Weights are stored in 16 bits, which end at 65,504."""


class GrpoLearner:
    """Mini-batches of the clipped, KL-penalised group-relative objective, from the champion's weights."""

    def fit(
        self,
        experiences: Sequence[Experience],
        champion: Policy | None,
        configuration: TrainingConfiguration,
        cards: Sequence[AgentCard] = (),
        former: Policy | None = None,
        weights: Mapping[str, float] = MappingProxyType({}),
    ) -> Trained:
        """Train on what has a propensity; raises `NothingToLearn` where that can't tell agents apart.

        Cards and a former policy count only where it starts from the value model.
        """
        usable = [item for item in experiences if item.propensity]
        if experiences and not usable:
            raise NothingToLearn(f"none of the {len(experiences)} experiences has a propensity")
        require_difference(usable)
        agents = _agents(usable, champion)
        examples = examples_of(usable, agents, Featurizer(configuration.features))
        start = _start(usable, champion, configuration, cards, former, weights)
        counts = np.array([weights.get(item.decision_id, 1.0) for item in usable], dtype=np.float32)
        tensors = _train(examples, _reference(usable, agents, champion), start, configuration, counts)
        return Trained(
            kind="softmax",
            agents=agents,
            tensors=tensors,
            samples=len(usable),
            without_propensity=len(experiences) - len(usable),
            costs=mean_costs(usable),
        )


def _agents(usable: Sequence[Experience], champion: Policy | None) -> tuple[str, ...]:
    named = {agent for item in usable for agent in item.decision.candidate_agents}
    return tuple(sorted(named.union(champion.manifest.agents if champion else ())))


def _reference(usable: Sequence[Experience], agents: tuple[str, ...], champion: Policy | None) -> Floats:
    """The champion's scores (n, agents), from the runtime that the router runs; 0 where it has none."""
    if champion is None:
        return np.zeros((len(usable), len(agents)), dtype=np.float32)
    scores = np.stack([champion.scores(DecisionFeatures.of(item.decision), agents) for item in usable])
    return np.where(np.isfinite(scores), scores, np.float32(0.0))


def _train(
    examples: Examples,
    reference: Floats,
    start: Start | None,
    configuration: TrainingConfiguration,
    counts: Floats,
) -> dict[str, NDArray[Any]]:
    rng = np.random.default_rng(configuration.seed)
    advantage = counts * advantages(examples, configuration.group_size, rng)
    vocabulary = Vocabulary.of(examples.vectors, start.rows if start else np.zeros(0, dtype=np.intp))
    weights = np.zeros((len(vocabulary.rows), len(examples.agents)), dtype=np.float32)
    bias = np.zeros(len(examples.agents), dtype=np.float32)
    if start:
        weights, bias = start.weights(vocabulary.rows, examples.agents)
    if advantage.any():
        examples = replace(examples, vectors=vocabulary.weighted(examples.vectors))
        objective = Objective(examples, advantage, reference, configuration)
        optimizer = AdaGrad(weights, bias, configuration.learning_rate or LEARNING_RATE)
        for _ in range(configuration.epochs):
            order = rng.permutation(len(examples))
            for first in range(0, len(order), configuration.batch_size):
                batch = order[first : first + configuration.batch_size]
                vectors = examples.vectors.select(batch)
                optimizer.ascend(vectors, objective.gradient(batch, vectors.times(weights) + bias))
    return {
        "rows": vocabulary.rows.astype(np.int32),
        "weights": np.clip(weights, -_LARGEST, _LARGEST).astype(np.float16),
        "bias": bias,
        "idf": vocabulary.idf.astype(np.float16),
    }


class Start(Protocol):
    """Weights to begin with: a policy's."""

    @property
    def rows(self) -> Places:
        """The hashed rows that have some."""
        ...

    def weights(self, rows: Places, agents: Sequence[str]) -> tuple[Floats, Floats]:
        """Weights (rows, agents) and bias (agents,); 0 for what isn't known."""
        ...


def _start(
    usable: Sequence[Experience],
    champion: Policy | None,
    configuration: TrainingConfiguration,
    cards: Sequence[AgentCard],
    former: Policy | None,
    weights: Mapping[str, float],
) -> Start | None:
    """The value model of the same experiences, or the champion; None to start from 0."""
    if configuration.start == "value":
        return FoldedWeights.of(ValueLearner().fit(usable, None, configuration, cards, former, weights))
    if champion is None or champion.manifest.features != configuration.features:
        return None
    return champion
