"""The specification's metrics, from what the worker's state and the newest experiences say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from processors.correlation import correlation
from processors.statistics import AgentStatistics
from signalbox.events import Experience, decode
from signalbox.recommend.optimization_status import OptimizationMetrics, rounded
from streams.optimizers.experience_log import NEWEST

_SHARE = NEWEST // 2


def metrics_of(agents: dict[str, AgentStatistics], newest: Sequence[bytes]) -> OptimizationMetrics:
    """The metrics over all experiences, and over the `newest` encoded ones, oldest first.

    `confidence_accuracy` is the correlation of confidence and success over the last 100, 0 where it is
    negative; `improvement_rate` the mean reward of the last 100 less that of the up to 100 before them.
    """
    known = {agent: each for agent, each in agents.items() if each.experiences}
    total = sum(each.experiences for each in known.values())
    successes = sum(each.successes for each in known.values())
    failures = sum(each.failures for each in known.values())
    told = {item.decision_id: item for item in (decode(Experience, data) for data in newest)}
    last, before = list(told.values())[-_SHARE:], list(told.values())[:-_SHARE]
    return OptimizationMetrics(
        total_experiences=total,
        avg_reward=rounded(sum(each.reward_sum for each in known.values()) / total if total else 0.0),
        successful_routes=successes,
        failed_routes=failures,
        success_rate=rounded(successes / (successes + failures) if successes + failures else 0.0),
        confidence_accuracy=rounded(_confidence_accuracy(last)),
        agent_preferences={agent: round(each.mean_reward, 3) for agent, each in sorted(known.items())},
        improvement_rate=rounded(_mean(last) - _mean(before) if before else 0.0),
        last_updated=max((each.last_s for each in known.values()), default=None),
    )


def _confidence_accuracy(experiences: Sequence[Experience]) -> float:
    pairs = [
        (item.decision.confidence, float(item.outcome.agent_success))
        for item in experiences
        if item.decision.confidence is not None and item.outcome.agent_success is not None
    ]
    return max(correlation(pairs), 0.0)


def _mean(experiences: Sequence[Experience]) -> float:
    return float(np.mean([item.reward for item in experiences]))
