"""The value model one decision at a time: decide, learn what came of it, decide again."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from models.value.model import Judgement, RewardModel
from signalbox.events import AgentCard
from signalbox.policy import DecisionFeatures, FeatureConfiguration, Policy, epsilon_greedy, square_cb
from signalbox.policy.cards import card_text

GAMMA = 1000.0
"""SquareCB's, times the square root of the decisions so far (Foster and Rakhlin, 2020, theorem 1)."""


class OnlineValue:
    """Decides with exploration among `agents`, and learns from the chosen one's reward."""

    def __init__(
        self,
        agents: Sequence[str],
        features: FeatureConfiguration,
        seed: int,
        cards: Sequence[AgentCard] | None = None,
        exploration: Literal["squarecb", "epsilon_greedy", "greedy"] = "squarecb",
        *,
        epsilon: float = 0.05,
        gamma: float = GAMMA,
        former: Policy | None = None,
    ) -> None:
        self.agents = tuple(agents)
        texts = {card.agent: card_text(card) for card in cards or ()}
        card_texts = [texts.get(agent, "") for agent in self.agents]
        self._model = RewardModel(len(self.agents), features, card_texts, former=former)
        self._rng = np.random.default_rng(seed)
        self._exploration = exploration
        self._epsilon = 0.0 if exploration == "greedy" else epsilon
        self._gamma = gamma
        self._last: tuple[Judgement, int] | None = None

    def decide(self, query: str, candidates: Sequence[int] | None = None) -> tuple[int, NDArray[np.float64]]:
        """The place of the agent drawn, and the distribution (agents,); 0 for those that are no candidates."""
        judgement = self._judge(query, candidates)
        shares = self._shares(judgement.expected.values)
        place = bisect_right(list(accumulate(shares.tolist()))[:-1], self._rng.random())
        self._last = judgement, place
        if candidates is None:
            return place, shares
        probabilities = np.zeros(len(self.agents))
        probabilities[judgement.candidates] = shares
        return int(judgement.candidates[place]), probabilities

    def learn(self, reward: float) -> None:
        """Learn the reward in [0, 1] of the last decision; raises `ValueError` where there is none."""
        if self._last is None:
            raise ValueError("learn: there is no decision whose reward isn't known yet")
        self._model.learn(*self._last, reward)
        self._last = None

    def values(self, query: str) -> NDArray[np.float64]:
        """The reward in [0, 1] that each agent may expect, shape (agents,)."""
        return self._model.judge(DecisionFeatures(query)).expected.values

    def greedy(self, query: str) -> int:
        """The place of the best agent; nothing is learned."""
        return int(self._model.judge(DecisionFeatures(query)).scores.argmax())

    def tensors(self) -> dict[str, NDArray[Any]]:
        """What is known by now, as a policy of the kind `value` has it."""
        return self._model.tensors()

    def _judge(self, query: str, candidates: Sequence[int] | None) -> Judgement:
        among = None if candidates is None else np.asarray(candidates, np.intp)
        return self._model.judge(DecisionFeatures(query), among, count=True)

    def _shares(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        if self._exploration == "squarecb":
            return square_cb(values, self._gamma * math.sqrt(self._model.queries))
        return epsilon_greedy(values, self._epsilon)
