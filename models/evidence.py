"""What the log says about two policies: importance weights, and how bad they could have been."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.bounds import Wager
from signalbox.events import Experience
from signalbox.policy import BaselinePolicy, DecisionFeatures, DecisionPolicy

Floats = NDArray[np.float64]
_EVEN_SHARES = (0.0, 0.5, 1.0)
"""The reward that a wager calls even, as a share of the expected one: the more is called even, the less noise
the champion's own decisions add, but the more a failure of the candidate costs."""
_LEAST_SQUARE = 1e-6
_LEAST_MOMENT = 0.1
"""Of the largest: a few contexts in which the policies happen to agree must not outweigh all others."""


@dataclass(frozen=True)
class RewardMoments:
    """What rewards to expect, from experiences that the gate doesn't judge by."""

    mean: float
    variance: float

    @classmethod
    def of(cls, experiences: Sequence[Experience]) -> RewardMoments:
        """The moments of these rewards; those of a fair coin where there are none."""
        rewards = np.array([item.reward for item in experiences] or [0.0, 1.0])
        return cls(float(rewards.mean()), float(rewards.var()))

    def square_around(self, even: float) -> float:
        """The expected square of (reward - even)."""
        return self.variance + (self.mean - even) ** 2


@dataclass(frozen=True)
class Evidence:
    """n experiences seen by two policies, all arrays of shape (n,).

    `first` and `second` are the weights of the two, `gain` the largest weight of the first over the second that
    the logging policy could have produced, `loss` the reverse; `*_missing` is the probability that they give to
    agents which the log could not show. `*_moment` is the second moment that the logging policy gives to the
    weight, and `spread` that of their difference. `logged_by` numbers the logging policies.
    """

    rewards: Floats
    first: Floats
    second: Floats
    gain: Floats
    loss: Floats
    first_missing: Floats
    second_missing: Floats
    first_moment: Floats
    second_moment: Floats
    spread: Floats
    logged_by: Floats

    def __len__(self) -> int:
        return len(self.rewards)

    def reversed(self) -> Evidence:
        """The same with the two policies in each other's place."""
        return replace(
            self,
            first=self.second,
            second=self.first,
            gain=self.loss,
            loss=self.gain,
            first_missing=self.second_missing,
            second_missing=self.first_missing,
            first_moment=self.second_moment,
            second_moment=self.first_moment,
        )

    def earned(self, expected: RewardMoments) -> Wager:
        """A bet on the first policy's value; what the log could not show is taken to earn nothing."""
        return self._alone(self.first * self.rewards, expected.square_around(0.0))

    def forgone(self, expected: RewardMoments) -> Wager:
        """A bet on what the first policy's value falls short of 1."""
        return self._alone(self.first * (1.0 - self.rewards), expected.square_around(1.0))

    def _alone(self, values: Floats, square: float) -> Wager:
        moment = max(float(self.first_moment.mean()) * square, _LEAST_SQUARE)
        return Wager(values, np.zeros(len(self)), np.ones(len(self)), moment)

    def wagers(self, expected: RewardMoments) -> list[Wager]:
        """Ways to bet that the first policy earns more than the second.

        A logging policy whose weights vary less counts for more, in inverse proportion to their second moment,
        which depends on the contexts alone. What the log could not show is taken to be worst for the first.
        """
        if len(self) == 0 or not self.spread.any():
            return []
        logger = self.logged_by.astype(np.intp)
        moments = np.bincount(logger, self.spread) / np.maximum(np.bincount(logger), 1)
        scale = 1.0 / np.maximum(moments, moments.max() * _LEAST_MOMENT)[logger]
        wagers = []
        for even in expected.mean * np.array(_EVEN_SHARES):
            unseen = even * self.first_missing + (1.0 - even) * self.second_missing
            values = (self.first - self.second) * (self.rewards - even) - unseen
            depth = np.maximum(even * self.gain, (1.0 - even) * self.loss) + unseen
            moment = float((scale * scale * self.spread).mean()) * expected.square_around(even)
            wagers.append(Wager(values, depth, scale, max(moment, _LEAST_SQUARE)))
        return wagers


def gather(experiences: Sequence[Experience], first: DecisionPolicy, second: DecisionPolicy | None) -> Evidence:
    """The experiences that carry their logged distribution, as evidence; others are left out.

    Without a `second` policy the baseline takes its place: what a router's baseline slot was logged to do.
    """
    rows: list[tuple[float, ...]] = []
    loggers: dict[tuple[str, str | None], int] = {}
    for item in experiences:
        decision = item.decision
        if decision.probabilities is None or item.propensity is None:
            continue
        logged = np.array(decision.probabilities)
        query = DecisionFeatures.of(decision)
        one = first.probabilities(query, decision.candidate_agents)
        if second is not None:
            other = second.probabilities(query, decision.candidate_agents)
        elif decision.slot == "baseline":
            other = logged / logged.sum()
        else:
            other = BaselinePolicy().probabilities(query, decision.candidate_agents)
        logger = loggers.setdefault((decision.slot, decision.policy_digest), len(loggers))
        chosen = decision.candidate_agents.index(decision.chosen_agent)
        rows.append((item.reward, *_weights(one, other, logged, chosen, item.propensity), logger))
    columns = np.array(rows, dtype=np.float64).reshape(len(rows), 11).T
    return Evidence(*columns)


def _weights(one: Floats, other: Floats, logged: Floats, chosen: int, propensity: float) -> tuple[float, ...]:
    shown = logged > 0.0
    difference = (one - other)[shown]
    ratio = difference / logged[shown]
    return (
        float(one[chosen] / propensity),
        float(other[chosen] / propensity),
        max(float(ratio.max()), 0.0),
        max(float(-ratio.min()), 0.0),
        float(one[~shown].sum()),
        float(other[~shown].sum()),
        float((one[shown] ** 2 / logged[shown]).sum()),
        float((other[shown] ** 2 / logged[shown]).sum()),
        float((difference * ratio).sum()),
    )
