"""The seeded course of a simulation without Kafka: who asks what, and what comes of the answer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from streams.simulator.delivery import DeliveryPolicy, Report, reports_of
from streams.simulator.score import Score, score_of, score_of_all
from streams.simulator.workload import Task, Workload


class Traffic:
    """Queries of several tenants, and the outcomes of the agents chosen for them.

    Tenants are not alike in size: the second asks half as often as the first, the third a third as often.

    Queries and outcomes come from separate generators, so that the queries of a seed are the same whatever
    the router chooses.

    After `change_at` decisions of all tenants together the world changes: in every tenant the agents take each
    other's places, and `workloads` are the changed ones. `changed_at` is None until then.
    """

    def __init__(
        self,
        workloads: Sequence[Workload],
        *,
        seed: int,
        delivery: DeliveryPolicy | None = None,
        change_at: int | None = None,
    ) -> None:
        self.workloads = tuple(workloads)
        sizes = 1.0 / np.arange(1, len(self.workloads) + 1)
        self._bounds = np.cumsum(sizes / sizes.sum())
        self.total = score_of_all(self.workloads, sizes / sizes.sum())
        self.scores: tuple[Score, ...] = tuple(score_of(workload) for workload in self.workloads)
        self._delivery = delivery or DeliveryPolicy()
        self.changed_at: int | None = None
        self._change_at = change_at
        self._asking, self._answering, self._changing = (np.random.default_rng([seed, i]) for i in (1, 2, 3))

    def next_task(self) -> tuple[int, Task]:
        """The index of the tenant that asks next, and its query."""
        tenant = int(np.searchsorted(self._bounds[:-1], self._asking.random(), side="right"))
        return tenant, self.workloads[tenant].tasks.next_task(self._asking)

    def respond(self, tenant: int, task: Task, chosen_agent: str) -> list[Report]:
        """Let the chosen agent work on the query: count what it earned, return what will be reported."""
        workload = self.workloads[tenant]
        agent = workload.agents.index(chosen_agent)
        signals = workload.outcomes.draw(task.cell, agent, self._answering)
        expected = workload.outcomes.expected[task.cell]
        reward = workload.outcomes.reward(signals)
        regret = float(expected.max() - expected[agent])
        self.total.add(reward, regret)
        self.scores[tenant].add(reward, regret)
        if self.total.decisions == self._change_at:
            self.changed_at = self._change_at
            self.workloads = tuple(each.changed(self._changing) for each in self.workloads)
        return reports_of(signals, self._delivery, self._answering)
