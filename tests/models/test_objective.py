"""GRPO's gradient, against differences of the objective and by its limits."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from models.configuration import TrainingConfiguration
from models.examples import Examples, examples_of
from models.objective import LEAST_WEIGHT, Objective, log_softmax
from signalbox.policy import FeatureConfiguration, Featurizer
from tests.models.logs import AGENTS, log

CONFIGURATION = TrainingConfiguration(clip=2.0, kl=0.3)


@pytest.fixture
def examples() -> Examples:
    return examples_of(log(20), AGENTS, Featurizer(FeatureConfiguration(bits=10)))


def test_the_divergence_part_is_the_derivative_of_kl_to_the_champion(examples: Examples) -> None:
    rng = np.random.default_rng(0)
    reference = rng.normal(size=(20, 4)).astype(np.float32)
    scores = rng.normal(size=(1, 4))
    objective = Objective(examples, np.zeros(20, np.float32), reference, CONFIGURATION)

    def penalty(values: Any) -> float:
        log_p, log_q = log_softmax(values), log_softmax(reference[:1])
        return -0.3 * float((np.exp(log_p) * (log_p - log_q)).sum())

    step = 1e-5 * np.eye(4)
    numeric = [(penalty(scores + d) - penalty(scores - d)) / 2e-5 for d in step]
    found = objective.gradient(np.array([0]), scores.astype(np.float32))[0]
    assert found == pytest.approx(np.array(numeric), abs=1e-4)


def test_a_success_raises_the_chosen_agent_and_a_failure_lowers_it(examples: Examples) -> None:
    batch = np.arange(20)
    for sign in (1.0, -1.0):
        objective = Objective(
            examples, np.full(20, sign, np.float32), np.zeros((20, 4), np.float32), CONFIGURATION
        )
        gradient = objective.gradient(batch, np.zeros((20, 4), np.float32))
        assert (sign * gradient[batch, examples.chosen] > 0).all()
        assert gradient.sum(axis=1) == pytest.approx(0.0, abs=1e-5)


def test_the_ratio_is_clipped_above_and_a_success_never_vanishes(examples: Examples) -> None:
    advantage = np.array([1.0, -1.0] * 10, dtype=np.float32)
    objective = Objective(examples, advantage, np.zeros((20, 4), np.float32), CONFIGURATION)
    batch = np.array([0, 1])
    assert objective.weight(np.array([1.0, 1.0]), batch) == pytest.approx([2.0, 2.0])
    assert objective.weight(np.array([0.0, 0.0]), batch) == pytest.approx([LEAST_WEIGHT, 0.0])
    assert objective.weight(np.array([0.25, 0.25]), batch) == pytest.approx([1.0, 1.0])


def test_an_agent_that_was_no_candidate_has_no_gradient(examples: Examples) -> None:
    eligible = examples.eligible.copy()
    absent = (examples.chosen + 1) % 4
    eligible[np.arange(20), absent] = False
    objective = Objective(
        replace(examples, eligible=eligible),
        np.ones(20, np.float32),
        np.zeros((20, 4), np.float32),
        CONFIGURATION,
    )
    gradient = objective.gradient(np.arange(20), np.zeros((20, 4), np.float32))
    assert (gradient[np.arange(20), absent] == 0.0).all()
