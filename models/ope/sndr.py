"""The self-normalised doubly robust estimator."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class SelfNormalisedDr:
    """Doubly robust, its correction divided by the sum of the weights instead of their number.

    Slightly biased and much less variable where few weights are large. Thomas and Brunskill, "Data-efficient
    off-policy policy evaluation", 2016, section 4 (the weighted doubly robust estimator, for one step).
    """

    count: int = 0
    direct: float = 0.0
    weights: float = 0.0
    errors: float = 0.0

    def add(self, weight: float, reward: float, direct: float, predicted: float) -> None:
        """Take in one experience; the arguments are those of `DoublyRobust.add`."""
        self.count += 1
        self.direct += direct
        self.weights += weight
        self.errors += weight * (reward - predicted)

    def get(self) -> float:
        """The estimate, the model alone where no weight is positive; NaN before the first experience."""
        if not self.count:
            return float("nan")
        correction = self.errors / self.weights if self.weights > 0.0 else 0.0
        return self.direct / self.count + correction

    def __add__(self, other: SelfNormalisedDr) -> SelfNormalisedDr:
        return SelfNormalisedDr(
            self.count + other.count,
            self.direct + other.direct,
            self.weights + other.weights,
            self.errors + other.errors,
        )
