"""Experiences as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from signalbox.events import Experience
from signalbox.policy import DecisionFeatures, Featurizer

Floats = NDArray[np.float32]
Places = NDArray[np.intp]
_SCORED_AT_ONCE = 1024


@dataclass(frozen=True)
class Vectors:
    """n sparse vectors in compressed rows: that of i lies at `starts[i]:starts[i + 1]` of rows and values."""

    starts: Places
    rows: Places
    values: Floats

    def __len__(self) -> int:
        return len(self.starts) - 1

    def select(self, which: Places) -> Vectors:
        """The vectors at the places `which`, in that order."""
        sizes = self.starts[which + 1] - self.starts[which]
        starts = np.concatenate([np.zeros(1, np.intp), np.cumsum(sizes)])
        entries = np.arange(starts[-1]) + np.repeat(self.starts[which] - starts[:-1], sizes)
        return Vectors(starts, self.rows[entries], self.values[entries])

    def times(self, matrix: Floats) -> Floats:
        """The products with a matrix (rows, columns), shape (n, columns); without BLAS, in a fixed order."""
        parts = [
            self._times(matrix, start, min(start + _SCORED_AT_ONCE, len(self)))
            for start in range(0, len(self), _SCORED_AT_ONCE)
        ]
        return np.concatenate(parts)

    def _times(self, matrix: Floats, start: int, end: int) -> Floats:
        first, last = self.starts[start], self.starts[end]
        products = self.values[first:last, None] * matrix[self.rows[first:last]]
        sums: Floats = np.add.reduceat(products, self.starts[start:end] - first, axis=0)
        return sums


@dataclass(frozen=True)
class Examples:
    """n experiences: their vectors, `eligible` (n, agents) for the candidates, and one entry each of the rest.

    `chosen` is the acting agent's column, `propensities` are in (0, 1], `rewards` in [0, 1].
    """

    agents: tuple[str, ...]
    vectors: Vectors
    eligible: NDArray[np.bool_]
    chosen: Places
    rewards: NDArray[np.float64]
    propensities: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.chosen)


def examples_of(experiences: Sequence[Experience], agents: tuple[str, ...], featurizer: Featurizer) -> Examples:
    """At least one experience as arrays; each has a propensity, and its candidates are among `agents`."""
    column = {agent: place for place, agent in enumerate(agents)}
    pairs = [featurizer.vector(DecisionFeatures.of(item.decision)) for item in experiences]
    eligible = np.zeros((len(experiences), len(agents)), dtype=np.bool_)
    for place, item in enumerate(experiences):
        eligible[place, [column[agent] for agent in item.decision.candidate_agents]] = True
    return Examples(
        agents=agents,
        vectors=Vectors(
            starts=np.cumsum([0, *(len(rows) for rows, _ in pairs)], dtype=np.intp),
            rows=np.concatenate([rows for rows, _ in pairs]),
            values=np.concatenate([values for _, values in pairs]),
        ),
        eligible=eligible,
        chosen=np.array([column[item.decision.chosen_agent] for item in experiences], dtype=np.intp),
        rewards=np.array([item.reward for item in experiences]),
        propensities=np.array([item.propensity for item in experiences], dtype=np.float64),
    )
