"""The value model as a learner of the service: fitted to experiences in the order of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from models.configuration import TrainingConfiguration
from models.costs import mean_costs
from models.examples import Floats, Places
from models.learner import Trained, require_difference
from models.value.model import RewardModel
from signalbox.events import AgentCard, Experience
from signalbox.policy import DecisionFeatures, Policy
from signalbox.policy.cards import card_text, names_of


class ValueLearner:
    """One pass over the experiences, exactly as `OnlineValue` would have learned from them.

    It begins anew each time, so that it forgets what the experiences no longer show; the champion only names
    agents, and a former policy says which queries are alike (`models.value.former`). Propensities are not
    needed: the reward of the agent that acted is modelled, whoever chose it.
    """

    def fit(
        self,
        experiences: Sequence[Experience],
        champion: Policy | None,
        configuration: TrainingConfiguration,
        cards: Sequence[AgentCard] = (),
        former: Policy | None = None,
        weights: Mapping[str, float] = MappingProxyType({}),
    ) -> Trained:
        """Learn in the given order; `NothingToLearn` where that can't tell agents apart."""
        # That all has failed since the rewards changed is news of the former policy's choices.
        require_difference(experiences, of_rewards=former is None)
        names = {name: same[0] for name, same in names_of(cards).items()}
        agents = _agents(experiences, champion, names)
        column = {agent: place for place, agent in enumerate(agents)}
        texts = {card.agent: card_text(card) for card in cards}
        model = RewardModel(
            len(agents),
            configuration.features,
            [texts.get(agent, "") for agent in agents],
            configuration.learning_rate,
            former if former and former.manifest.features == configuration.features else None,
        )
        for item in experiences:
            decision = item.decision
            candidates = dict.fromkeys(column[names.get(agent, agent)] for agent in decision.candidate_agents)
            chosen = column[names.get(decision.chosen_agent, decision.chosen_agent)]
            judgement = model.judge(
                DecisionFeatures.of(decision), np.fromiter(candidates, np.intp, len(candidates)), count=True
            )
            weight = weights.get(item.decision_id, 1.0)
            model.learn(judgement, list(candidates).index(chosen), item.reward_before_cost, weight)
        return Trained(
            kind="value",
            agents=agents,
            tensors=model.tensors(),
            samples=len(experiences),
            costs=mean_costs(experiences),
        )


@dataclass(frozen=True)
class FoldedWeights:
    """The value model's weights, for another linear learner to start from."""

    agents: tuple[str, ...]
    rows: Places
    _weights: Floats
    _bias: Floats

    @classmethod
    def of(cls, trained: Trained) -> FoldedWeights:
        """Those of a trained value model."""
        tensors = trained.tensors
        return cls(
            trained.agents,
            tensors["rows"].astype(np.intp),
            tensors["weights"].astype(np.float32),
            tensors["bias"],
        )

    def weights(self, rows: Places, agents: Sequence[str]) -> tuple[Floats, Floats]:
        """Weights (rows, agents) and bias (agents,), 0 where unknown; `rows` ascend and hold all of these."""
        weights, bias = np.zeros((len(rows), len(agents)), np.float32), np.zeros(len(agents), np.float32)
        places = np.searchsorted(rows, self.rows)
        for column, agent in enumerate(agents):
            if agent in self.agents:
                source = self.agents.index(agent)
                weights[places, column], bias[column] = self._weights[:, source], self._bias[source]
        return weights, bias


def _agents(
    experiences: Sequence[Experience], champion: Policy | None, names: dict[str, str]
) -> tuple[str, ...]:
    """All that were candidates or are the champion's, each by its present name."""
    given = {agent for item in experiences for agent in item.decision.candidate_agents}
    given.update(champion.manifest.agents if champion else ())
    return tuple(sorted({names.get(agent, agent) for agent in given}))
