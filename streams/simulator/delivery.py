"""How an outcome reaches Signalbox: at once or late, whole or in parts, twice, or never."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signalbox.events import Signals


@dataclass(frozen=True)
class DeliveryPolicy:
    """Shares in [0, 1] of decisions, and delays in seconds; they don't depend on the agent."""

    lost: float = 0.04
    in_parts: float = 0.20
    without_satisfaction: float = 0.05
    twice: float = 0.02
    shortest_delay_s: float = 0.05
    longest_delay_s: float = 1.5
    longest_satisfaction_delay_s: float = 3.0


@dataclass(frozen=True, slots=True)
class Report:
    """A part of an outcome and how long after the decision it is sent, seconds."""

    delay_s: float
    signals: Signals


def reports_of(signals: Signals, policy: DeliveryPolicy, rng: np.random.Generator) -> list[Report]:
    """The reports of one outcome, in the order of their delays; none if the outcome is lost."""
    kind, repeat, early, late = rng.random(4).tolist()
    if kind < policy.lost:
        return []
    delay = policy.shortest_delay_s + early * (policy.longest_delay_s - policy.shortest_delay_s)
    first = Signals(
        search_quality=signals.search_quality,
        agent_success=signals.agent_success,
        processing_time_s=signals.processing_time_s,
    )
    if kind < policy.lost + policy.without_satisfaction:
        reports = [Report(delay, first)]
    elif kind < policy.lost + policy.without_satisfaction + policy.in_parts:
        later = delay + late * policy.longest_satisfaction_delay_s
        reports = [Report(delay, first), Report(later, Signals(user_satisfaction=signals.user_satisfaction))]
    else:
        reports = [Report(delay, signals)]
    if repeat < policy.twice:
        reports.append(Report(reports[-1].delay_s + late, reports[-1].signals))
    return reports
