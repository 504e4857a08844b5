"""One number in [0, 1] from what came of a decision."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

from signalbox.events import Signals


@dataclass(frozen=True)
class RewardPolicy:
    """The weights of the signals, and how processing time is penalised.

    The penalty for `t` seconds is `time_penalty * t / (t + time_half_s)`: 0 at once, half of `time_penalty`
    at `time_half_s` seconds, never more than `time_penalty`.
    """

    search_quality_weight: float = 0.4
    agent_success_weight: float = 0.3
    user_satisfaction_weight: float = 0.3
    time_penalty: float = 0.1
    time_half_s: float = 2.8

    @property
    def version(self) -> str:
        """Names this arithmetic: experiences with different versions are not comparable."""
        return blake2b(repr(self).encode(), digest_size=4).hexdigest()


def reward(signals: Signals, policy: RewardPolicy) -> float | None:
    """The weighted mean of the signals present, less the penalty for time, in [0, 1]; None without signals."""
    total = weights = 0.0
    if (quality := signals.search_quality) is not None:
        weights += policy.search_quality_weight
        total += policy.search_quality_weight * quality
    if (success := signals.agent_success) is not None:
        weights += policy.agent_success_weight
        total += policy.agent_success_weight * success
    if (satisfaction := signals.user_satisfaction) is not None:
        weights += policy.user_satisfaction_weight
        total += policy.user_satisfaction_weight * satisfaction
    if weights <= 0.0:
        return None
    value = total / weights - time_penalty(signals.processing_time_s, policy)
    return 0.0 if value < 0.0 else 1.0 if value > 1.0 else value


def time_penalty(processing_time_s: float | None, policy: RewardPolicy) -> float:
    """What `processing_time_s` seconds cost."""
    if not processing_time_s:
        return 0.0
    return policy.time_penalty * processing_time_s / (processing_time_s + policy.time_half_s)
