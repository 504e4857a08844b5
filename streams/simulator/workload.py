"""What a tenant's simulated router is asked, with everything that is true about it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from signalbox.events import Entity, Modality
from streams.simulator.outcomes import OutcomeModel


@dataclass(frozen=True, slots=True)
class Task:
    """One query; `cell` says which row of the outcome model it belongs to, which the router never sees."""

    query: str
    cell: int
    modality: Modality = "text"
    entities: tuple[Entity, ...] = field(default=())


class TaskSource(Protocol):
    """Where a tenant's queries come from."""

    def next_task(self, rng: np.random.Generator) -> Task:
        """The next query."""
        ...


@dataclass(frozen=True)
class Workload:
    """One tenant: its agents, its queries and their true outcomes; `shares` (cells,) sums to 1."""

    tenant_id: str
    agents: tuple[str, ...]
    tasks: TaskSource
    shares: NDArray[np.float64]
    outcomes: OutcomeModel

    def changed(self, rng: np.random.Generator) -> Workload:
        """The same queries and agents, but every agent has become as good as another one was.

        Agents take each other's places in one random circle, so none keeps its own. Another agent is now the
        best single one; what it earns and the optimum are the same.
        """
        circle = rng.permutation(len(self.agents))
        former = np.empty_like(circle)
        former[circle] = np.roll(circle, 1)
        return replace(self, outcomes=self.outcomes.permuted(former))

    @property
    def best_single_agent(self) -> str:
        """The agent that would be best if one agent got every query."""
        return self.agents[int(np.argmax(self.shares @ self.outcomes.expected))]

    @property
    def best_single_agent_reward(self) -> float:
        """Its mean reward, exact."""
        return float(np.max(self.shares @ self.outcomes.expected))

    @property
    def optimal_reward(self) -> float:
        """The mean reward if every query went to the best agent for it, exact."""
        return float(self.shares @ self.outcomes.expected.max(axis=1))

    @property
    def uniform_reward(self) -> float:
        """The mean reward of choosing among all agents by lot, exact."""
        return float(self.shares @ self.outcomes.expected.mean(axis=1))
