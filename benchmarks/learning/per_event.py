"""One pass over a stream, learning after every decision from the reward of the chosen agent alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol

from msgspec import Struct

from benchmarks.learning.streams import Stream
from models.value import OnlineValue
from signalbox.events import AgentCard
from signalbox.policy import FeatureConfiguration

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class Run(Struct, frozen=True, kw_only=True):
    """What a learner earned: mean rewards of all decisions and of the test queries, and CPU time an event."""

    progressive: float
    greedy: float
    us_per_event: float


class EventLearner(Protocol):
    """Decides, then learns what its last decision earned."""

    def decide(self, query: str) -> int:
        """The place of the agent that is drawn."""
        ...

    def learn(self, reward: float) -> None:
        """Learn the reward in [0, 1] of the last decision."""
        ...

    def greedy(self, query: str) -> int:
        """The place of the best agent; nothing is learned."""
        ...


class Ours:
    """The value model, one event at a time."""

    def __init__(self, stream: Stream, seed: int) -> None:
        cards = None if stream.cards is None else _cards(stream.agents, stream.cards)
        self._model = OnlineValue(stream.agents, FeatureConfiguration(), seed, cards=cards)
        self.learn: Callable[[float], None] = self._model.learn
        self.greedy: Callable[[str], int] = self._model.greedy

    def decide(self, query: str) -> int:
        """The place of the agent that is drawn."""
        return self._model.decide(query)[0]


def run_events(stream: Stream, learner: EventLearner) -> Run:
    """Decide every query, learn from each; then test. The time is that of deciding and learning alone."""
    chosen: list[int] = []
    received = stream.received.tolist()
    began = time.process_time()
    for query, rewards in zip(stream.queries, received, strict=True):
        place = learner.decide(query)
        learner.learn(rewards[place])
        chosen.append(place)
    spent_us = (time.process_time() - began) * 1e6
    return Run(
        progressive=float(stream.expected[range(len(chosen)), chosen].mean(dtype=float)),
        greedy=greedy_reward(stream, learner.greedy),
        us_per_event=spent_us / len(chosen),
    )


def greedy_reward(stream: Stream, greedy: Callable[[str], int]) -> float:
    """The mean reward of the agents that are taken for the test queries."""
    chosen = [greedy(query) for query in stream.test_queries]
    return float(stream.test_expected[range(len(chosen)), chosen].mean(dtype=float))


def _cards(agents: Sequence[str], texts: Sequence[str | None]) -> list[AgentCard]:
    return [
        AgentCard(tenant_id="benchmark", occurred_at=_EPOCH, agent=agent, name=text)
        for agent, text in zip(agents, texts, strict=True)
        if text is not None
    ]
