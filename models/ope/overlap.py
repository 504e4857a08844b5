"""How much of the log speaks about the evaluated policy at all."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Overlap:
    """Sums over weights that tell how far an estimate made with them can be trusted."""

    count: int = 0
    total: float = 0.0
    squares: float = 0.0
    largest_weight: float = 0.0
    missing: float = 0.0

    def add(self, weight: float, missing: float = 0.0) -> None:
        """Take in one experience.

        `weight` >= 0; `missing`, in [0, 1], is the probability that the policy gives to agents which the
        logging policy could not choose.
        """
        self.count += 1
        self.total += weight
        self.squares += weight * weight
        self.largest_weight = max(self.largest_weight, weight)
        self.missing += missing

    @property
    def effective_samples(self) -> float:
        """So many equally weighted experiences would say as much (Kish, 1965); at most `count`."""
        return self.total**2 / self.squares if self.squares > 0.0 else 0.0

    @property
    def mean_weight(self) -> float:
        """Near `support` where the propensities are right; 0 before the first experience."""
        return self.total / self.count if self.count else 0.0

    @property
    def largest_share(self) -> float:
        """The largest weight as a share of their sum, in [0, 1]; 0 while no weight is positive."""
        return self.largest_weight / self.total if self.total > 0.0 else 0.0

    @property
    def support(self) -> float:
        """The share of the policy's choices that the log could show; 0 before the first experience."""
        return 1.0 - self.missing / self.count if self.count else 0.0

    def __add__(self, other: Overlap) -> Overlap:
        return Overlap(
            self.count + other.count,
            self.total + other.total,
            self.squares + other.squares,
            max(self.largest_weight, other.largest_weight),
            self.missing + other.missing,
        )
