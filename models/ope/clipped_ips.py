"""Inverse propensity scoring with bounded weights."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class ClippedIps:
    """The mean of min(weight, `cap`) times reward: less variable than IPS, and too low by what was cut off.

    Ionides, "Truncated importance sampling", 2008; Bottou et al., "Counterfactual reasoning and learning
    systems", 2013, section 4.4. Only estimators with the same `cap` can be added.
    """

    cap: float = 10.0
    count: int = 0
    total: float = 0.0

    def __post_init__(self) -> None:
        if not self.cap > 0.0:
            raise ValueError(f"cap must be positive, not {self.cap}")

    def add(self, weight: float, reward: float) -> None:
        """Take in one experience; `weight` >= 0."""
        self.count += 1
        self.total += min(weight, self.cap) * reward

    def get(self) -> float:
        """The estimate; NaN before the first experience."""
        return self.total / self.count if self.count else float("nan")

    def __add__(self, other: ClippedIps) -> ClippedIps:
        if self.cap != other.cap:
            raise ValueError(f"estimates with the caps {self.cap} and {other.cap} can't be added")
        return ClippedIps(self.cap, self.count + other.count, self.total + other.total)
