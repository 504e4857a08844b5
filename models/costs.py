"""What a decision for each agent has cost on average."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from math import fsum

from signalbox.events import Experience


def mean_costs(experiences: Sequence[Experience]) -> dict[str, float]:
    """The mean cost of each agent that has one in its outcomes, agents in alphabetical order."""
    seen: dict[str, list[float]] = defaultdict(list)
    for item in experiences:
        if item.outcome.cost is not None:
            seen[item.decision.chosen_agent].append(item.outcome.cost)
    return {agent: fsum(costs) / len(costs) for agent, costs in sorted(seen.items())}
