"""The value model, event by event, with a detector of change, and what it may do when there is one."""

from __future__ import annotations

from typing import Literal

from benchmarks.drift.service import TRIGGERS
from benchmarks.learning.streams import Stream
from models.value import OnlineValue
from processors.drift import Drift
from signalbox.policy import Artifact, FeatureConfiguration, Lineage, Manifest, Policy

Forget = Literal["nothing", "everything", "agents"]
"""What to do at a change: go on; begin anew; or begin anew with what `models.value.former` keeps. The last
forgets which agent is good at what, not which queries are alike."""
_NOWHERE = Lineage(
    trigger_id="benchmark",
    parent_digest=None,
    ranges=(),
    buffer_digest="",
    seed=0,
    code_version="benchmark",
    configuration={},
)


class Watchful:
    """Learns event by event, and forgets when the worker's detector finds that the rewards have changed."""

    def __init__(self, stream: Stream, seed: int, forget: Forget) -> None:
        self._agents, self._seed, self._forget = stream.agents, seed, forget
        self._model = self._fresh()
        self._drift = Drift()
        self._sensitivity = TRIGGERS.drift_evidence, TRIGGERS.reward_drop
        self._decisions = 0
        self.alarms: list[int] = []

    def decide(self, query: str) -> int:
        """The place of the agent that is drawn."""
        return self._model.decide(query)[0]

    def learn(self, reward: float) -> None:
        """Learn the reward in [0, 1] of the last decision."""
        self._model.learn(reward)
        self._decisions += 1
        if self._forget != "nothing" and self._drift.observe(reward, self._decisions, *self._sensitivity):
            self.alarms.append(self._decisions)
            # What a beginner earns is not held against it.
            self._drift.clear()
            self._model = self._fresh(self._known() if self._forget == "agents" else None)

    def greedy(self, query: str) -> int:
        """The place of the best agent; nothing is learned."""
        return self._model.greedy(query)

    def _fresh(self, former: Policy | None = None) -> OnlineValue:
        self._seed += 1000
        return OnlineValue(self._agents, FeatureConfiguration(), self._seed, former=former)

    def _known(self) -> Policy:
        """The model as a policy."""
        manifest = Manifest(
            kind="value",
            tenant_id="benchmark",
            scope="routing",
            agents=self._agents,
            epsilon=0.0,
            features=FeatureConfiguration(),
            lineage=_NOWHERE,
        )
        return Policy(Artifact(manifest, self._model.tensors()))
