"""Generated traffic: every kind of query has its own best agent, in every tenant another one."""

from __future__ import annotations

from typing import get_args

import numpy as np
from numpy.typing import NDArray

from signalbox.errors import ConfigurationError
from signalbox.events import Entity, Modality
from streams.simulator.catalogue import GENERALIST, KINDS, SPECIALISTS, TENANT_ENTITIES, TENANTS
from streams.simulator.outcomes import OutcomeModel, RewardOf
from streams.simulator.workload import Task, Workload

AGENTS = (GENERALIST, *SPECIALISTS)
MODALITIES = get_args(Modality)
FIRST_MODALITY_SHARE = 0.75


def generated_workload(
    number: int, *, seed: int, reward_of: RewardOf, constant: float | None = None
) -> Workload:
    """The workload of tenant `number` (from 0); the same seed gives the same workload."""
    if number >= len(TENANTS):
        raise ConfigurationError(f"tenants: {number + 1}, the simulator knows {len(TENANTS)}")
    rng = np.random.default_rng([seed, number])
    popularity = rng.dirichlet(np.full(len(KINDS), 8.0))
    shares = (popularity[:, None] * [FIRST_MODALITY_SHARE, 1 - FIRST_MODALITY_SHARE]).ravel()
    time_s = np.concatenate([[0.8], rng.uniform(0.4, 2.5, len(SPECIALISTS))])
    return Workload(
        tenant_id=TENANTS[number],
        agents=AGENTS,
        tasks=_Sentences(shares),
        shares=shares,
        outcomes=OutcomeModel(_strengths(rng), time_s, reward_of, constant),
    )


def _strengths(rng: np.random.Generator) -> NDArray[np.float64]:
    """(cells, agents): what an agent knows of the kind, and how well it copes with the modality.

    The generalist is fair at everything, so no specialist is the best single agent. A kind has a specialist,
    who doesn't cope with its rarer modality, and a runner-up, who does: a policy that reads only the text stays
    below the optimum.
    """
    order = rng.permutation(len(SPECIALISTS))
    copes = rng.uniform(-0.06, 0.0, (len(MODALITIES), len(AGENTS)))
    rows = []
    for number, kind in enumerate(KINDS):
        knows = rng.uniform(0.10, 0.30, len(AGENTS))
        specialist = 1 + order[number % len(SPECIALISTS)]
        copes[MODALITIES.index(kind.modalities[1]), specialist] = -0.25
        runner_up = 1 + order[(number + 1 + number // len(SPECIALISTS)) % len(SPECIALISTS)]
        knows[[0, specialist, runner_up]] = rng.uniform([0.54, 0.92, 0.76], [0.62, 0.98, 0.82])
        rows += [knows + copes[MODALITIES.index(modality)] for modality in kind.modalities]
    strengths: NDArray[np.float64] = np.clip(rows, 0.02, 0.98)
    return strengths


class _Sentences:
    """Queries put together from the catalogue's words."""

    def __init__(self, shares: NDArray[np.float64]) -> None:
        self._cumulative = np.cumsum(shares)

    def next_task(self, rng: np.random.Generator) -> Task:
        cell = min(int(np.searchsorted(self._cumulative, rng.random())), len(self._cumulative) - 1)
        kind = KINDS[cell // 2]
        ask, thing, detail, entity = (
            options[int(rng.integers(len(options)))]
            for options in (kind.asks, kind.things, kind.details, TENANT_ENTITIES)
        )
        named = "{entity}" in detail
        return Task(
            query=f"{ask} {thing} {detail.format(entity=entity)}",
            cell=cell,
            modality=kind.modalities[cell % 2],
            entities=(Entity(entity, "NAME"),) if named else (),
        )
