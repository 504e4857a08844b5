"""What trains a policy, so that another learner can stand beside the first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

from models.configuration import TrainingConfiguration
from signalbox.events import Experience
from signalbox.policy import Policy


@dataclass(frozen=True)
class Trained:
    """A policy's tensors, one column of weights for each of `agents`, and how much they were made from."""

    agents: tuple[str, ...]
    tensors: dict[str, NDArray[Any]]
    samples: int
    without_propensity: int


class Learner(Protocol):
    """Experiences to a policy: pure, the same tensors for the same arguments."""

    def fit(
        self, experiences: Sequence[Experience], champion: Policy | None, configuration: TrainingConfiguration
    ) -> Trained:
        """A policy from the experiences, in their order; `NothingToLearn` where they can't give one."""
        ...


class NothingToLearn(Exception):
    """The experiences can't tell one agent from another; the message says why."""


def learner_for(configuration: TrainingConfiguration) -> Learner:
    """The learner that the configuration names."""
    from models.grpo import GrpoLearner

    return {"grpo": GrpoLearner}[configuration.learner]()
