"""What the log says about two policies, and what a model expects of the agents on whom they differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from signalbox.events import Experience
from signalbox.policy import DecisionFeatures

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
UNKNOWN = 0.5
"""What an agent is expected to earn without a model."""


class RewardModel(Protocol):
    """What to expect of an agent, learned from experiences that the gate doesn't judge by."""

    def predict(self, query: DecisionFeatures, candidates: Sequence[str]) -> NDArray[np.floating]:
        """The expected rewards of `candidates`, in their order, shape (agents,), in [0, 1]."""
        ...


@dataclass(frozen=True)
class RewardMoments:
    """What rewards to expect, from experiences that the gate doesn't judge by."""

    mean: float
    variance: float

    @classmethod
    def of(cls, experiences: Sequence[Experience]) -> RewardMoments:
        """The moments of these rewards; those of a fair coin where there are none."""
        rewards = np.array([item.reward for item in experiences] or [0.0, 1.0])
        return cls(float(rewards.mean()), float(rewards.var()))

    @property
    def dispersion(self) -> float:
        """The variance as a share of the largest one with this mean, which rewards of 0 and 1 have."""
        largest = self.mean * (1.0 - self.mean)
        return self.variance / largest if largest > 0.0 else 0.0


@dataclass(frozen=True)
class Side:
    """One policy's part in n experiences, arrays of shape (n,).

    `weights` are its probabilities of the chosen agents over their propensities, `moment` the mean square that
    the logging policy gives to the weight, `direct` what the model expects it to earn, `missing` what
    probability it gives to agents that the log could not show, and `hidden` how much more of it than the other
    policy.
    """

    weights: Floats
    moment: Floats
    direct: Floats
    hidden: Floats
    missing: Floats


@dataclass(frozen=True)
class Arms:
    """The agents to whom the two policies give different probabilities, arrays of shape (arms,).

    `row` is the experience, `difference` the first's probability minus the second's, `logged` the logging
    policy's, `belief` the expected reward, and `taken` whether it is the chosen agent. Agents that the log
    could not show are left out.
    """

    row: Places
    difference: Floats
    logged: Floats
    belief: Floats
    taken: NDArray[np.bool_]


@dataclass(frozen=True)
class Evidence:
    """n experiences seen by two policies; `belief` (n,) is the expected reward of the chosen agents.

    `logged_by` (n,) numbers the logging policies.
    """

    rewards: Floats
    belief: Floats
    logged_by: Places
    first: Side
    second: Side
    arms: Arms

    def __len__(self) -> int:
        return len(self.rewards)

    def reversed(self) -> Evidence:
        """The same with the two policies in each other's place."""
        arms = replace(self.arms, difference=-self.arms.difference)
        return replace(self, first=self.second, second=self.first, arms=arms)

    def per_row(self, values: Floats) -> Floats:
        """The sum of an array (arms,) for each experience, shape (n,)."""
        return np.bincount(self.arms.row, values, len(self)).astype(np.float64)
