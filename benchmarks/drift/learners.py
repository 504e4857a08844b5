"""The value model with a detector of change, and what it may do when there is one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from benchmarks.learning.streams import Stream
from models.value import OnlineValue
from processors.drift import Drift
from processors.trigger import TriggerPolicy
from signalbox.policy import FeatureConfiguration

Forget = Literal["nothing", "everything", "agents"]
"""What to do at a change: go on; begin anew; or begin anew with the former model's choice as one more word of
the query. The last forgets which agent is good at what, not which queries are alike."""


class Watchful:
    """Learns event by event, and forgets when the worker's detector finds that the rewards have changed."""

    def __init__(self, stream: Stream, seed: int, forget: Forget) -> None:
        self._agents, self._seed, self._forget = stream.agents, seed, forget
        self._model = self._fresh()
        self._words: Callable[[str], str] = lambda query: query
        self._drift = Drift()
        policy = TriggerPolicy()
        self._sensitivity = policy.drift_evidence, policy.reward_drop
        self._decisions = 0
        self.alarms: list[int] = []

    def decide(self, query: str) -> int:
        """The place of the agent that is drawn."""
        return self._model.decide(self._words(query))[0]

    def learn(self, reward: float) -> None:
        """Learn the reward in [0, 1] of the last decision."""
        self._model.learn(reward)
        self._decisions += 1
        if self._forget != "nothing" and self._drift.observe(reward, self._decisions, *self._sensitivity):
            self.alarms.append(self._decisions)
            # What a beginner earns is not held against it.
            self._drift.clear()
            self._begin_anew()

    def greedy(self, query: str) -> int:
        """The place of the best agent; nothing is learned."""
        return self._model.greedy(self._words(query))

    def _begin_anew(self) -> None:
        former, words = self._model, self._words
        self._model = self._fresh()
        if self._forget == "agents":
            self._words = lambda query: f"{query} formerly{former.greedy(words(query))}"

    def _fresh(self) -> OnlineValue:
        self._seed += 1000
        return OnlineValue(self._agents, FeatureConfiguration(), self._seed)
