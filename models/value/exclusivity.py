"""How far one agent's success speaks against all others."""

from __future__ import annotations

_PRIOR = 0.5
_BEST_PRIOR_COUNT = 10.0
_OTHER_PRIOR_COUNT = 3.0
_MEMORY = 50.0
"""Decisions for each agent that the mean of the best ones remembers, so that it follows what is learned."""


class Exclusivity:
    """The mean reward of the agents taken for best, less that of others; at least 0.

    Where nearly every other choice fails, a success says much about the others and a failure is good news for
    them. Where others earn nearly as much, neither says anything. So long as little is known, the best earn
    little themselves, and every agent is judged alone, with the optimism that makes it be tried.
    """

    def __init__(self, agents: int) -> None:
        self._best, self._best_count = 0.0, _BEST_PRIOR_COUNT
        self._other, self._other_count = _PRIOR * _OTHER_PRIOR_COUNT, _OTHER_PRIOR_COUNT
        self._memory = _MEMORY * agents

    @property
    def strength(self) -> float:
        """The exclusivity in [0, 1], as `signalbox.policy.value.expected_rewards` takes it."""
        gap = self._best / self._best_count - self._other / self._other_count
        return max(gap, 0.0)

    def observe(self, reward: float, best: bool, weight: float = 1.0) -> None:
        """A reward in [0, 1], of the agent that was taken for best or of another one; it counts `weight`."""
        if not best:
            self._other += weight * reward
            self._other_count += weight
            return
        self._best += weight * reward
        self._best_count += weight
        if self._best_count > self._memory:
            self._best *= self._memory / self._best_count
            self._best_count = self._memory
