"""What comes of giving a query to an agent: random, yet with an expectation that is known exactly."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from itertools import product

import numpy as np
from numpy.typing import NDArray

from signalbox.events import Signals

RewardOf = Callable[[Signals], float | None]

QUALITY_NOISE = (-0.12, -0.04, 0.04, 0.12)
SATISFACTION_NOISE = (-0.2, -0.06, 0.06, 0.2)
TIME_FACTORS = (0.5, 0.8, 1.2, 2.2)


class OutcomeModel:
    """The outcomes of every agent on every cell, a cell being queries that are alike to all agents.

    `strengths` (cells, agents) in [0, 1] is the mean quality and satisfaction and the chance of success;
    `time_s` (agents,) is an agent's typical processing time in seconds. Every noise takes one of four
    equally likely values, so that `expected` (cells, agents), the mean reward, is a finite sum through the
    real reward function with its clamp, and not an approximation.

    With `constant` every outcome is worth exactly that.
    """

    def __init__(
        self,
        strengths: NDArray[np.float64],
        time_s: NDArray[np.float64],
        reward_of: RewardOf,
        constant: float | None = None,
    ) -> None:
        self.strengths = strengths
        self.time_s = time_s
        self._reward_of = reward_of
        self._constant = constant
        self.expected = np.array(
            [
                [self._expectation(cell, agent) for agent in range(strengths.shape[1])]
                for cell in range(len(strengths))
            ]
        )

    def draw(self, cell: int, agent: int, rng: np.random.Generator) -> Signals:
        """One complete outcome."""
        quality, satisfaction, time = rng.integers(4, size=3).tolist()
        success = bool(rng.random() < self.strengths[cell, agent])
        return self._signals(
            cell, agent, quality=quality, success=success, satisfaction=satisfaction, time=time
        )

    def reward(self, signals: Signals) -> float:
        """The reward of a complete outcome."""
        reward = self._reward_of(signals)
        if reward is None:
            raise ValueError(f"signals: {signals} have no reward, so they can't be a simulated outcome")
        return reward

    def permuted(self, former: NDArray[np.intp]) -> OutcomeModel:
        """The model in which agent `i` is as good and as fast as agent `former[i]` is here, on every cell."""
        permuted = copy(self)
        permuted.strengths, permuted.expected = self.strengths[:, former], self.expected[:, former]
        permuted.time_s = self.time_s[former]
        return permuted

    def _expectation(self, cell: int, agent: int) -> float:
        """The mean reward of a cell and an agent, over all of their outcomes."""
        chance = float(self.strengths[cell, agent])
        total = 0.0
        for quality, satisfaction, time in product(range(4), repeat=3):
            for success, weight in ((True, chance), (False, 1 - chance)):
                signals = self._signals(
                    cell, agent, quality=quality, success=success, satisfaction=satisfaction, time=time
                )
                total += weight * self.reward(signals)
        return total / 4**3

    def _signals(
        self, cell: int, agent: int, *, quality: int, success: bool, satisfaction: int, time: int
    ) -> Signals:
        if self._constant is not None:
            # Success is a boolean and time costs, so neither could be part of an outcome worth a constant.
            return Signals(search_quality=self._constant, user_satisfaction=self._constant)
        strength = float(self.strengths[cell, agent])
        return Signals(
            search_quality=_ratio(strength + QUALITY_NOISE[quality]),
            agent_success=success,
            user_satisfaction=_ratio(strength + SATISFACTION_NOISE[satisfaction]),
            processing_time_s=round(float(self.time_s[agent]) * TIME_FACTORS[time], 3),
        )


def _ratio(value: float) -> float:
    return round(min(1.0, max(0.0, value)), 4)
