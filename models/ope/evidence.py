"""What a log says about one policy, as arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.examples import Examples, Places, examples_of
from models.ope.cross_fit import cross_fit, folds_of
from models.ope.reward_model import RewardModel, fit_reward_model
from signalbox.events import Experience
from signalbox.policy import DecisionFeatures, DecisionPolicy, FeatureConfiguration, Featurizer

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PolicyEvidence:
    """n logged decisions as one policy sees them, all arrays of shape (n,).

    `rewards` lie in [0, 1]; `weights` are the policy's probability of the logged agent over its propensity;
    `direct` is the predicted reward, averaged over the policy's choices, `predicted` that of the logged agent.
    The rest follows from the context alone: `largest` is the largest weight that the logging policy could have
    produced, `moments` the second moment that it gives to the weight, and `missing` the probability that the
    policy gives to agents which the log could not show.
    """

    rewards: Floats
    weights: Floats
    direct: Floats
    predicted: Floats
    largest: Floats
    moments: Floats
    missing: Floats

    def __len__(self) -> int:
        return len(self.rewards)

    @property
    def doubly_robust(self) -> Floats:
        """One unbiased value of the policy for each decision, (n,): their mean is the doubly robust estimate.

        The difference of two policies' values on one log is an unbiased value of their difference.
        """
        values: Floats = self.direct + self.weights * (self.rewards - self.predicted)
        return values

    @classmethod
    def of(
        cls, rewards: Floats, chosen: Places, logged: Floats, evaluated: Floats, expected: Floats
    ) -> PolicyEvidence:
        """From the distributions of the logging and the evaluated policy and the expected rewards, all (n, k).

        `rewards` and `chosen`, the logged agent's column, are (n,). `logged` is 0 for who was not a candidate.
        Raises `ValueError` where the logged agent has no probability or a reward lies outside of [0, 1].
        """
        rows = np.arange(len(rewards))
        propensities = logged[rows, chosen]
        _check(propensities > 0.0, "propensity", propensities)
        _check((rewards >= 0.0) & (rewards <= 1.0), "reward", rewards)
        shown = logged > 0.0
        ratios = np.where(shown, evaluated / np.where(shown, logged, 1.0), 0.0)
        return cls(
            rewards=rewards,
            weights=ratios[rows, chosen],
            direct=(evaluated * expected).sum(axis=1),
            predicted=expected[rows, chosen],
            largest=ratios.max(axis=1, initial=0.0),
            moments=(evaluated * ratios).sum(axis=1),
            missing=np.where(shown, 0.0, evaluated).sum(axis=1),
        )


def evidence_for(
    experiences: Sequence[Experience],
    policy: DecisionPolicy,
    *,
    features: FeatureConfiguration | None = None,
    fit: Callable[[Examples], RewardModel] = fit_reward_model,
) -> PolicyEvidence:
    """The experiences that carry their logged distribution, with cross-fitted predictions; others are left out.

    The policy must not have been trained on them. Their order changes nothing but rounding.
    """
    usable = [item for item in experiences if item.decision.probabilities is not None and item.propensity]
    if not usable:
        return PolicyEvidence(*np.zeros((7, 0)))
    agents = tuple(sorted({agent for item in usable for agent in item.decision.candidate_agents}))
    examples = examples_of(usable, agents, Featurizer(features or FeatureConfiguration()))
    expected = cross_fit(examples, folds_of(item.decision.decision_id for item in usable), fit)
    logged, evaluated = np.zeros_like(expected), np.zeros_like(expected)
    for row, item in enumerate(usable):
        decision = item.decision
        columns = np.searchsorted(agents, decision.candidate_agents)
        logged[row, columns] = decision.probabilities
        evaluated[row, columns] = policy.probabilities(DecisionFeatures.of(decision), decision.candidate_agents)
    return PolicyEvidence.of(examples.rewards, examples.chosen, logged, evaluated, expected)


def _check(right: NDArray[np.bool_], name: str, values: Floats) -> None:
    if not right.all():
        row = int(np.argmin(right))
        raise ValueError(f"{name} of decision {row} is {values[row]:g}")
