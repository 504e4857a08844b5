"""Self-normalised inverse propensity scoring."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Snips:
    """The weighted mean of the rewards: slightly biased, inside their range, and much less variable than IPS.

    Swaminathan and Joachims, "The self-normalized estimator for counterfactual learning", 2015.
    """

    weights: float = 0.0
    total: float = 0.0

    def add(self, weight: float, reward: float) -> None:
        """Take in one experience; `weight` >= 0."""
        self.weights += weight
        self.total += weight * reward

    def get(self) -> float:
        """The estimate; NaN while no weight is positive, since the log then says nothing of the policy."""
        return self.total / self.weights if self.weights > 0.0 else float("nan")

    def __add__(self, other: Snips) -> Snips:
        return Snips(self.weights + other.weights, self.total + other.total)
