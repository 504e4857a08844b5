"""A router without Kafka: it decides with the policies in force and turns each decision into an experience."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np

from benchmarks.learning.per_event import greedy_reward
from benchmarks.learning.streams import Stream
from signalbox.events import Experience, RoutingDecision, Signals
from signalbox.policy import BaselinePolicy, DecisionFeatures, Policy, digest_of
from signalbox.trial import best, mixture

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
    from a mixture of both, as routers do; `trial_share` is the candidate's part. `earned` sums the expected
    rewards, `log` holds what a trainer would read.
    """

    def __init__(self, stream: Stream, seed: int, trial_share: float = 0.5) -> None:
        self.stream = stream
        self.trial_share = trial_share
        self.champion: Deployed | None = None
        self.candidate: Deployed | None = None
        self.earned = 0.0
        self.log: list[Experience] = []
        self._rng = np.random.default_rng(seed)
        self._seed = seed

    def forked(self, stream: Stream) -> SimulatedRouter:
        """The same router at the same moment, from here on with another stream."""
        other = copy.copy(self)
        other.stream, other.log, other._rng = stream, self.log.copy(), copy.deepcopy(self._rng)
        return other

    def moment(self) -> datetime:
        """When the next query is decided."""
        return _START + timedelta(seconds=SECONDS_APART * len(self.log))

    def deploy(self, champion: Deployed | None, candidate: Deployed | None = None) -> None:
        """Decide by these from now on."""
        self.champion, self.candidate = champion, candidate

    def decide_next(self) -> None:
        """Decide the stream's next query and log what came of it."""
        place, agents = len(self.log), self.stream.agents
        query = DecisionFeatures(self.stream.queries[place])
        shares = _preference(self.champion, query, agents)
        on_trial = None
        if self.candidate:
            others = _preference(self.candidate, query, agents)
            if best(shares) != best(others):
                on_trial, shares = self.candidate, mixture(shares, others, self.trial_share)
        chosen = _draw(shares, self._rng)
        self.earned += float(self.stream.expected[place, chosen])
        self.log.append(self._experience(chosen, shares, on_trial))

    def tested(self) -> float:
        """The mean reward of the test queries under the champion, without exploration."""
        if self.champion is None:
            return float(self.stream.test_expected.mean(dtype=float))
        policy, agents = self.champion.policy, self.stream.agents
        return greedy_reward(self.stream, lambda query: _best(policy, DecisionFeatures(query), agents))

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


def _preference(of: Deployed | None, query: DecisionFeatures, agents: tuple[str, ...]) -> list[float]:
    policy = of.policy if of else BaselinePolicy()
    shares: list[float] = policy.probabilities(query, agents).tolist()
    return shares


def _draw(shares: list[float], rng: np.random.Generator) -> int:
    cumulative = np.cumsum(shares)
    return int(np.searchsorted(cumulative[:-1], rng.random() * cumulative[-1], side="right"))
