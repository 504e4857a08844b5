"""What decides where nothing has been learned, and what every policy has in common with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from signalbox.policy.exploration import explore_around
from signalbox.policy.features import DecisionFeatures


class DecisionPolicy(Protocol):
    """A map from what is known of a query to a distribution over its candidate agents."""

    def probabilities(self, query: DecisionFeatures, candidates: Sequence[str]) -> NDArray[np.float64]:
        """The exact distribution over `candidates`, in their order, exploration included."""
        ...


class BaselinePolicy:
    """What a router does before its first policy: its own distribution, or else a uniform one.

    `weights` gives an agent's share (agents that it doesn't name have none); a share of `epsilon` explores.
    """

    def __init__(self, weights: Mapping[str, float] | None = None, epsilon: float = 0.0) -> None:
        self._weights = dict(weights or {})
        self.epsilon = epsilon

    def probabilities(self, query: DecisionFeatures, candidates: Sequence[str]) -> NDArray[np.float64]:
        """The exact distribution over `candidates`; uniform where the baseline names none of them."""
        del query  # a baseline is the same for every query
        weights = [self._weights.get(agent, 0.0) for agent in candidates]
        return explore_around(weights if any(weights) else [1.0] * len(weights), self.epsilon)
