"""A simulation from what a person asked for on the command line."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from processors.reward import RewardPolicy, reward
from signalbox.errors import ConfigurationError
from streams.settings import Settings
from streams.simulator.catalogue import TENANTS
from streams.simulator.generated import generated_workload
from streams.simulator.outcomes import RewardOf
from streams.simulator.real_queries import query_workload, read_groups, read_queries
from streams.simulator.traffic import Traffic
from streams.simulator.workload import Workload


@dataclass(frozen=True)
class Scenario:
    """What to simulate; `tenants` None means three with generated queries and one with real ones."""

    seed: int = 0
    tenants: int | None = None
    constant_reward: float | None = None
    queries: Path | None = None
    groups: Path | None = None
    change_at: int | None = None


def build_traffic(scenario: Scenario, settings: Settings) -> Traffic:
    """The scenario's traffic, rewarded as the worker will; raises `ConfigurationError` for what is wrong."""
    reward_of = partial(reward, policy=reward_policy(settings))
    tenants = scenario.tenants or (1 if scenario.queries else 3)
    if tenants > len(TENANTS):
        raise ConfigurationError(f"tenants: {tenants}, the simulator knows {len(TENANTS)}")
    workloads = _workloads(scenario, tenants, reward_of)
    return Traffic(workloads, seed=scenario.seed, change_at=scenario.change_at)


def reward_policy(settings: Settings) -> RewardPolicy:
    """The reward's weights as set."""
    return RewardPolicy(
        search_quality_weight=settings.search_quality_weight,
        agent_success_weight=settings.agent_success_weight,
        user_satisfaction_weight=settings.user_satisfaction_weight,
        time_penalty=settings.processing_time_penalty,
        time_half_s=settings.processing_time_half_s,
    )


def _workloads(scenario: Scenario, tenants: int, reward_of: RewardOf) -> list[Workload]:
    constant = scenario.constant_reward
    if scenario.queries is None:
        return [
            generated_workload(i, seed=scenario.seed, reward_of=reward_of, constant=constant)
            for i in range(tenants)
        ]
    rows = read_queries(scenario.queries)
    groups = read_groups(scenario.groups) if scenario.groups else None
    return [
        query_workload(TENANTS[i], rows, groups, reward_of=reward_of, constant=constant) for i in range(tenants)
    ]
