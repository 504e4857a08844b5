"""What trains a policy, so that one learner can stand beside another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, Protocol

from numpy.typing import NDArray

from models.configuration import TrainingConfiguration
from models.errors import NothingToLearn
from signalbox.events import AgentCard, Experience
from signalbox.policy import Policy


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A policy's tensors, one column of weights for each of `agents`, and how much they were made from.

    `costs` are the agents' mean costs, where outcomes say them. `without_propensity` experiences were left out.
    """

    kind: Literal["softmax", "value"]
    agents: tuple[str, ...]
    tensors: dict[str, NDArray[Any]]
    samples: int
    without_propensity: int = 0
    costs: dict[str, float] = field(default_factory=dict)


class Learner(Protocol):
    """Experiences to a policy: pure, the same tensors for the same arguments."""

    def fit(
        self,
        experiences: Sequence[Experience],
        champion: Policy | None,
        configuration: TrainingConfiguration,
        cards: Sequence[AgentCard] = (),
        former: Policy | None = None,
        weights: Mapping[str, float] = MappingProxyType({}),
    ) -> Trained:
        """A policy from the experiences, in their order; `NothingToLearn` where they can't give one.

        `cards` say what is known of the agents, `former` is the policy that was in force before the rewards
        changed; a learner need not use them. `weights`, by decision id, say which experiences count less.
        """
        ...


def require_difference(experiences: Sequence[Experience], *, of_rewards: bool = True) -> None:
    """Raise `NothingToLearn` unless there was a choice and, with `of_rewards`, something came of it."""
    if not experiences:
        raise NothingToLearn("there are no experiences")
    if all(len(item.decision.candidate_agents) < 2 for item in experiences):
        raise NothingToLearn("no experience had more than one candidate agent")
    if of_rewards and len({item.reward for item in experiences}) < 2:
        raise NothingToLearn(f"all {len(experiences)} experiences have the reward {experiences[0].reward:g}")


def learner_for(configuration: TrainingConfiguration) -> Learner:
    """The learner that the configuration names."""
    from models.grpo import GrpoLearner
    from models.value.learner import ValueLearner

    learners: dict[str, type[Learner]] = {"grpo": GrpoLearner, "value": ValueLearner}
    return learners[configuration.learner]()
