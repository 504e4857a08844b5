"""How well the router did: what it earned beside what was possible, both known exactly."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from streams.simulator.workload import Workload

SPAN = 500
"""Decisions in the first, the rolling and the last mean; the noise of such a mean is about .01."""


class Score:
    """The rewards of one stream of decisions, in order.

    `add` takes the realised reward: that of the decision's whole outcome as it was drawn, whether it was ever
    reported or not. Regret is exact: the best agent's expected reward less the chosen one's, summed.
    """

    def __init__(self, *, best_single_agent: float, optimal: float) -> None:
        self.best_single_agent = best_single_agent
        self.optimal = optimal
        self.decisions = 0
        self.regret = 0.0
        self._first_total = 0.0
        self._last: deque[float] = deque(maxlen=SPAN)

    def add(self, reward: float, regret: float) -> None:
        """Count one decision."""
        self.decisions += 1
        self.regret += regret
        if self.decisions <= SPAN:
            self._first_total += reward
        self._last.append(reward)

    @property
    def first(self) -> float | None:
        """Mean reward of the first 500 decisions, or of as many as there are."""
        return self._first_total / min(self.decisions, SPAN) if self.decisions else None

    @property
    def last(self) -> float | None:
        """Mean reward of the last 500 decisions, or of as many as there are."""
        return sum(self._last) / len(self._last) if self._last else None


def score_of(workload: Workload) -> Score:
    """An empty score for one tenant."""
    return Score(best_single_agent=workload.best_single_agent_reward, optimal=workload.optimal_reward)


def score_of_all(workloads: Sequence[Workload], shares: NDArray[np.float64]) -> Score:
    """An empty score for tenants with these shares of the traffic; each has its own best single agent."""
    return Score(
        best_single_agent=float(shares @ [w.best_single_agent_reward for w in workloads]),
        optimal=float(shares @ [w.optimal_reward for w in workloads]),
    )
