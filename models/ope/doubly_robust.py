"""The doubly robust estimator."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class DoublyRobust:
    """The direct method, corrected by the importance-weighted error of its model on the logged action.

    Unbiased if the propensities are right, whatever the model; the better the model, the less it varies. The
    model must not have seen the reward that it is compared with. Dudík, Langford and Li, 2011, section 2.3.
    """

    count: int = 0
    total: float = 0.0

    def add(self, weight: float, reward: float, direct: float, predicted: float) -> None:
        """Take in one experience.

        `weight` >= 0; `direct` is the predicted reward, averaged over the policy's choices; `predicted` that of
        the logged action.
        """
        self.count += 1
        self.total += direct + weight * (reward - predicted)

    def get(self) -> float:
        """The estimate, not confined to the range of the rewards; NaN before the first experience."""
        return self.total / self.count if self.count else float("nan")

    def __add__(self, other: DoublyRobust) -> DoublyRobust:
        return DoublyRobust(self.count + other.count, self.total + other.total)
