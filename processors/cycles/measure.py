"""What the newest experiences say of each scope (the specification's metrics)."""

from __future__ import annotations

from collections.abc import Sequence

from processors.correlation import correlation
from signalbox.events import Experience

NEWEST = 100
"""Rewards of so many experiences are compared with those of as many before them."""


def measures(experiences: Sequence[Experience]) -> dict[str, dict[str, float]]:
    """By scope: `avg_reward`, `success_rate`, `confidence_accuracy`, `improvement_rate`, `experiences`.

    `confidence_accuracy` is the correlation of confidence and success, 0 where it is negative;
    `improvement_rate` the mean reward of the last 100 less that of the 100 before. Decisions of prompt programs
    have a scope of their own.
    """
    ordered = sorted(experiences, key=lambda item: (item.occurred_at, item.decision_id))
    programs = [item for item in ordered if item.decision.slot == "program"]
    found = {"routing": _measured(ordered)} if ordered else {}
    if programs:
        found["program:routing"] = _measured(programs)
    return found


def _measured(items: Sequence[Experience]) -> dict[str, float]:
    told = [item for item in items if item.outcome.agent_success is not None]
    pairs = [
        (item.decision.confidence, float(bool(item.outcome.agent_success)))
        for item in told
        if item.decision.confidence is not None
    ]
    last, before = items[-NEWEST:], items[-2 * NEWEST : -NEWEST]
    return {
        "experiences": float(len(items)),
        "avg_reward": _mean(items),
        "success_rate": sum(bool(i.outcome.agent_success) for i in told) / len(told) if told else 0.0,
        "confidence_accuracy": max(correlation(pairs[-NEWEST:]), 0.0),
        "improvement_rate": _mean(last) - _mean(before) if before else 0.0,
    }


def _mean(items: Sequence[Experience]) -> float:
    return sum(item.reward for item in items) / len(items) if items else 0.0
