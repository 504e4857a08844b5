"""A policy's own confidence, calibrated on experiences that it was not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.calibration.choose import LEAST_SAMPLES, fit_calibration
from models.calibration.measures import Floats
from signalbox.events import Experience
from signalbox.policy import DecisionFeatures, Policy
from signalbox.policy.calibration import Calibration


class Trust(NamedTuple):
    """For n experiences: the policy's value of the agent that acted, the reward before cost, and whether the
    policy prefers that agent itself; all of shape (n,).
    """

    confidence: Floats
    rewards: Floats
    preferred: NDArray[np.bool_]


def calibrate(policy: Policy, held_out: Sequence[Experience]) -> Calibration | None:
    """The map of the policy's confidence to what is earned; None where too little is known.

    If there are enough of them, only those experiences count in which the preferred agent acted: a policy
    prefers whom it overrates, so its confidence in its own choices is further off than in others.
    """
    trust = trust_in(policy, held_out)
    counted = trust.preferred if trust.preferred.sum() >= LEAST_SAMPLES else np.ones_like(trust.preferred)
    return fit_calibration(trust.confidence[counted], trust.rewards[counted])


def trust_in(policy: Policy, experiences: Sequence[Experience]) -> Trust:
    """What the policy thinks of those who acted, and what they earned."""
    found = np.zeros((len(experiences), 3))
    for place, item in enumerate(experiences):
        decision = item.decision
        values = policy.values(DecisionFeatures.of(decision), decision.candidate_agents)
        value = values[decision.candidate_agents.index(decision.chosen_agent)]
        found[place] = value, item.reward_before_cost, value == values.max()
    return Trust(found[:, 0], found[:, 1], found[:, 2] > 0.0)
