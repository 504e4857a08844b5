"""The direct method: believe a model of the reward."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class DirectMethod:
    """The mean of what a reward model expects of the evaluated policy: hardly variable, as biased as the model.

    Dudík, Langford and Li, "Doubly robust policy evaluation and learning", 2011, section 2.2.
    """

    count: int = 0
    total: float = 0.0

    def add(self, direct: float) -> None:
        """Take in one context; `direct` is the predicted reward, averaged over the policy's choices."""
        self.count += 1
        self.total += direct

    def get(self) -> float:
        """The estimate; NaN before the first context."""
        return self.total / self.count if self.count else float("nan")

    def __add__(self, other: DirectMethod) -> DirectMethod:
        return DirectMethod(self.count + other.count, self.total + other.total)
