"""A router without Kafka: it decides with the policies in force and turns each decision into an experience."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.learning.per_event import greedy_reward
from benchmarks.learning.streams import Stream
from signalbox.events import Experience, RoutingDecision, Signals
from signalbox.policy import BaselinePolicy, DecisionFeatures, Policy, digest_of

TENANT = "benchmark"
SECONDS_APART = 4
"""900 decisions an hour, so that each of the replay buffer's hourly windows keeps all of its experiences."""
_START = datetime(2026, 1, 1, tzinfo=UTC)


class Deployed(NamedTuple):
    """An artifact, the policy in it as a router loads it, and the digest."""

    artifact: bytes
    policy: Policy
    digest: str

    @classmethod
    def of(cls, artifact: bytes) -> Deployed:
        """The policy in these bytes."""
        return cls(artifact, Policy.load(artifact), digest_of(artifact))


class SimulatedRouter:
    """Decides the stream's queries one after the other: by the champion, or in a trial by one of two.

    Before the first champion it chooses by lot. In a trial, where champion and candidate disagree, it draws
    from half the one's distribution and half the other's; `drawn` counts these decisions. `earned` sums the
    expected rewards, `log` holds what a trainer would read.
    """

    def __init__(self, stream: Stream, seed: int) -> None:
        self.stream = stream
        self.champion: Deployed | None = None
        self.candidate: Deployed | None = None
        self.drawn = 0
        self.earned = 0.0
        self.log: list[Experience] = []
        self._rng = np.random.default_rng(seed)
        self._seed = seed

    def moment(self) -> datetime:
        """When the next query is decided."""
        return _START + timedelta(seconds=SECONDS_APART * len(self.log))

    def deploy(self, champion: Deployed | None, candidate: Deployed | None = None) -> None:
        """Decide by these from now on."""
        self.champion, self.candidate, self.drawn = champion, candidate, 0

    def decide_next(self) -> None:
        """Decide the stream's next query and log what came of it."""
        place, agents = len(self.log), self.stream.agents
        query = DecisionFeatures(self.stream.queries[place])
        shares = (self.champion.policy if self.champion else BaselinePolicy()).probabilities(query, agents)
        on_trial = self.candidate if self.candidate and self._disagree(query) else None
        if on_trial:
            shares = (shares + on_trial.policy.probabilities(query, agents)) / 2.0
            self.drawn += 1
        chosen = _draw(shares, self._rng)
        self.earned += float(self.stream.expected[place, chosen])
        self.log.append(self._experience(chosen, shares.tolist(), on_trial))

    def tested(self) -> float:
        """The mean reward of the test queries under the champion, without exploration."""
        if self.champion is None:
            return float(self.stream.test_expected.mean(dtype=float))
        policy, agents = self.champion.policy, self.stream.agents
        return greedy_reward(self.stream, lambda query: _best(policy, DecisionFeatures(query), agents))

    def _disagree(self, query: DecisionFeatures) -> bool:
        if self.champion is None or self.candidate is None:
            return True
        agents = self.stream.agents
        return _best(self.champion.policy, query, agents) != _best(self.candidate.policy, query, agents)

    def _experience(self, chosen: int, probabilities: list[float], on_trial: Deployed | None) -> Experience:
        place = len(self.log)
        decision = RoutingDecision(
            tenant_id=TENANT,
            occurred_at=self.moment(),
            decision_id=f"{self._seed}-{place}",
            query=self.stream.queries[place],
            candidate_agents=self.stream.agents,
            chosen_agent=self.stream.agents[chosen],
            probabilities=tuple(probabilities),
            propensity=probabilities[chosen],
            slot="champion" if self.champion else "baseline",
            policy_digest=self.champion.digest if self.champion else None,
            trial_digest=on_trial.digest if on_trial else None,
        )
        return Experience(
            tenant_id=TENANT,
            occurred_at=decision.occurred_at,
            decision_id=decision.decision_id,
            reward=float(self.stream.received[place, chosen]),
            reward_version="benchmark",
            outcome=Signals(),
            decision=decision,
            source=f"routing-decision/0/{place}",
            run="benchmark",
            batch=0,
            propensity=decision.propensity,
        )


def _best(policy: Policy, query: DecisionFeatures, agents: tuple[str, ...]) -> int:
    return int(policy.greedy(query, agents).argmax())


def _draw(shares: NDArray[np.float64], rng: np.random.Generator) -> int:
    cumulative = np.cumsum(shares)
    return int(np.searchsorted(cumulative[:-1], rng.random() * cumulative[-1], side="right"))
