"""Inverse propensity scoring."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Ips:
    """The mean of weight times reward: unbiased, but not confined to the range of the rewards.

    A weight is the evaluated policy's probability of the logged action over its propensity (Horvitz and
    Thompson, 1952; Dudík, Langford and Li, 2011).
    """

    count: int = 0
    total: float = 0.0

    def add(self, weight: float, reward: float) -> None:
        """Take in one experience; `weight` >= 0."""
        self.count += 1
        self.total += weight * reward

    def get(self) -> float:
        """The estimate; NaN before the first experience."""
        return self.total / self.count if self.count else float("nan")

    def __add__(self, other: Ips) -> Ips:
        return Ips(self.count + other.count, self.total + other.total)
