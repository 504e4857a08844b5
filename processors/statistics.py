"""What is known of every agent's record: counts and sums, nothing that grows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from signalbox.events import Signals


@dataclass(slots=True)
class AgentStatistics:
    """One agent's experiences under one tenant key."""

    experiences: int = 0
    reward_sum: float = 0.0
    successes: int = 0
    failures: int = 0
    last_s: float = 0.0

    @property
    def mean_reward(self) -> float:
        """The mean reward, 0 before the first experience."""
        return self.reward_sum / self.experiences if self.experiences else 0.0

    def update(self, reward: float, signals: Signals, occurred_s: float) -> None:
        """Count a new experience."""
        self.experiences += 1
        self.reward_sum += reward
        self.last_s = max(self.last_s, occurred_s)
        success = signals.agent_success
        if success is not None:
            self.successes += success
            self.failures += not success

    def revise(self, reward_change: float, before: Signals, signals: Signals) -> None:
        """Correct an experience that was counted before, with the signals that it had then."""
        self.reward_sum += reward_change
        self.successes += (signals.agent_success is True) - (before.agent_success is True)
        self.failures += (signals.agent_success is False) - (before.agent_success is False)

    def row(self) -> tuple[Any, ...]:
        """The values in the order of the constructor."""
        return self.experiences, self.reward_sum, self.successes, self.failures, self.last_s
