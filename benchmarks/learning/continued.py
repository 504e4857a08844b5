"""The value model for a log that only grows, so that a pass with hundreds of trainings takes seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from models.configuration import TrainingConfiguration
from models.learner import Trained, require_difference
from models.value.model import RewardModel
from signalbox.events import AgentCard, Experience
from signalbox.policy import DecisionFeatures, Policy


class ContinuedValue:
    """Gives what `ValueLearner` gives, but reads each experience once: both go through them in their order.

    For experiences that all have the same candidates, in the order of their names, and no cards.
    """

    def __init__(self) -> None:
        self._model: RewardModel | None = None
        self._read = 0

    def fit(
        self,
        experiences: Sequence[Experience],
        champion: Policy | None,
        configuration: TrainingConfiguration,
        cards: Sequence[AgentCard] = (),
        former: Policy | None = None,
        weights: Mapping[str, float] = MappingProxyType({}),
    ) -> Trained:
        """Learn from those after the ones that were given last time; `NothingToLearn` as there."""
        del champion, cards, former, weights
        require_difference(experiences)
        agents = experiences[0].decision.candidate_agents
        model = self._model or RewardModel(len(agents), configuration.features, (), configuration.learning_rate)
        for item in experiences[self._read :]:
            judgement = model.judge(DecisionFeatures.of(item.decision), count=True)
            model.learn(judgement, agents.index(item.decision.chosen_agent), item.reward)
        self._model, self._read = model, len(experiences)
        return Trained(kind="value", agents=agents, tensors=model.tensors(), samples=len(experiences))
