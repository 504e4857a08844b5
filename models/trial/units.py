"""What a trial observes: the decisions on which champion and candidate disagree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from msgspec import Struct

from models.betting import Floats

_SLACK = 0.01
"""By what share a propensity may differ from the draw's, as probabilities are rounded; no stake is so high."""


class TrialUnit(Struct, frozen=True, gc=False):
    """One decision on which the two disagree: its reward in [0, 1] and the probabilities of the drawn agent.

    `champion` and `candidate` are what each of the two alone would have given it, `propensity` what it was
    drawn with.
    """

    reward: float
    champion: float
    candidate: float
    propensity: float


@dataclass(frozen=True)
class Columns:
    """The units as arrays of shape (n,), named as their fields."""

    rewards: Floats
    champion: Floats
    candidate: Floats
    propensity: Floats

    def __len__(self) -> int:
        return len(self.rewards)

    @classmethod
    def of(cls, units: Sequence[TrialUnit]) -> Columns:
        """The columns of these units."""
        rows = [(unit.reward, unit.champion, unit.candidate, unit.propensity) for unit in units]
        return cls(*np.array(rows, dtype=np.float64).reshape(len(rows), 4).T)

    @property
    def differences(self) -> Floats:
        """By how much more the candidate would have drawn the agent, in units of the propensity."""
        result: Floats = (self.candidate - self.champion) / self.propensity
        return result

    def rewards_differ(self) -> bool:
        """Whether the rewards can tell the two apart at all."""
        return len(self) > 0 and bool(self.rewards.min() < self.rewards.max())

    def mean_reward(self, probabilities: Floats) -> float | None:
        """The self-normalised mean reward of the policy with these probabilities; None without any weight."""
        weights = probabilities / self.propensity
        total = float(weights.sum())
        return float(weights @ self.rewards) / total if total > 0.0 else None

    def harm(self) -> float:
        """The reward that the champion alone would have earned more, by estimate; 0 if it is a gain."""
        champion = self.mean_reward(self.champion)
        return max(len(self) * champion - float(self.rewards.sum()), 0.0) if champion is not None else 0.0


def problem_with(columns: Columns, decisions: int, champion_value: float, share: float) -> str | None:
    """A sentence on the first thing that can't be, with its field and value; None if there is none."""
    if decisions < len(columns):
        return f"The trial has {len(columns)} units, but decisions is {decisions}."
    if not 0.0 <= champion_value <= 1.0:
        return f"champion_value is {champion_value}, not in [0, 1]."
    for name in ("rewards", "champion", "candidate", "propensity"):
        values = getattr(columns, name)
        bad = ~((values >= 0.0) & (values <= 1.0))
        if name == "propensity":
            bad |= values == 0.0
        if bad.any():
            place = int(bad.argmax())
            return f"Unit {place} of the trial: {name.removesuffix('s')} is {values[place]}, out of range."
    drawn = (1.0 - share) * columns.champion + share * columns.candidate
    wrong = np.abs(columns.propensity - drawn) > _SLACK * drawn
    if wrong.any():
        place = int(wrong.argmax())
        return (
            f"Unit {place} of the trial: propensity is {columns.propensity[place]}, but the candidate's"
            f" {columns.candidate[place]} with a share of {share} and else the champion's"
            f" {columns.champion[place]} give {drawn[place]}."
        )
    return None
