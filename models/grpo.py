"""Group-relative policy optimisation (GRPO) of a linear softmax policy, on numpy.

Shao et al., "DeepSeekMath", 2024, section 4.1: advantages relative to a group (models/advantage.py), clipped
importance ratios and a divergence penalty (models/objective.py), mini-batches and several epochs. The penalty's
reference is the champion, from whose weights training starts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.adagrad import AdaGrad
from models.advantage import advantages
from models.configuration import TrainingConfiguration
from models.examples import Examples, Floats, Places, examples_of
from models.learner import NothingToLearn, Trained
from models.objective import Objective
from models.vocabulary import Vocabulary
from signalbox.events import Experience
from signalbox.policy import DecisionFeatures, Featurizer, Policy

LEARNING_RATE = 0.1
"""Of AdaGrad's steps; measured in docs/decisions/. The specification's .001 is for another optimiser."""
_LARGEST = 60_000.0
"""Weights are stored in 16 bits, which end at 65,504."""


class GrpoLearner:
    """Mini-batches of the clipped, KL-penalised group-relative objective, from the champion's weights."""

    def fit(
        self, experiences: Sequence[Experience], champion: Policy | None, configuration: TrainingConfiguration
    ) -> Trained:
        """Train on what has a propensity; raises `NothingToLearn` where that can't tell agents apart."""
        usable = [item for item in experiences if item.propensity is not None]
        problem = _problem(usable, len(experiences))
        if problem:
            raise NothingToLearn(problem)
        agents = _agents(usable, champion)
        examples = examples_of(usable, agents, Featurizer(configuration.features))
        tensors = _train(examples, _reference(usable, agents, champion), champion, configuration)
        return Trained(agents, tensors, len(usable), len(experiences) - len(usable))


def _problem(usable: Sequence[Experience], given: int) -> str | None:
    if not usable:
        return f"none of the {given} experiences has a propensity" if given else "there are no experiences"
    if all(len(item.decision.candidate_agents) < 2 for item in usable):
        return "no experience had more than one candidate agent"
    if len({item.reward for item in usable}) < 2:
        return f"all {len(usable)} experiences have the reward {usable[0].reward:g}"
    return None


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
    examples: Examples, reference: Floats, champion: Policy | None, configuration: TrainingConfiguration
) -> dict[str, NDArray[Any]]:
    rng = np.random.default_rng(configuration.seed)
    advantage = advantages(examples, configuration.group_size, rng)
    vocabulary = Vocabulary.of(examples.vectors, _known_rows(champion, configuration))
    weights, bias = _start(examples.agents, vocabulary.rows, champion, configuration)
    if advantage.any():
        examples = replace(examples, vectors=vocabulary.weighted(examples.vectors))
        objective = Objective(examples, advantage, reference, configuration)
        optimizer = AdaGrad(weights, bias, configuration.learning_rate or LEARNING_RATE)
        for _ in range(configuration.epochs):
            order = rng.permutation(len(examples))
            for start in range(0, len(order), configuration.batch_size):
                batch = order[start : start + configuration.batch_size]
                vectors = examples.vectors.select(batch)
                optimizer.ascend(vectors, objective.gradient(batch, vectors.times(weights) + bias))
    return {
        "rows": vocabulary.rows.astype(np.int32),
        "weights": np.clip(weights, -_LARGEST, _LARGEST).astype(np.float16),
        "bias": bias,
        "idf": vocabulary.idf.astype(np.float16),
    }


def _known_rows(champion: Policy | None, configuration: TrainingConfiguration) -> Places:
    """The rows that the champion's weights can be carried over for."""
    if champion is None or champion.manifest.features != configuration.features:
        return np.zeros(0, dtype=np.intp)
    return champion.rows


def _start(
    agents: tuple[str, ...], rows: Places, champion: Policy | None, configuration: TrainingConfiguration
) -> tuple[Floats, Floats]:
    """Weights (rows, agents) and bias (agents,): the champion's where it has some, else 0."""
    if champion is None or champion.manifest.features != configuration.features:
        return np.zeros((len(rows), len(agents)), np.float32), np.zeros(len(agents), np.float32)
    return champion.weights(rows, agents)
