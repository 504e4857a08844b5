"""Seeded logs of a router whose true rewards are known, for the tests of models/ and processors/training.py."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from signalbox.events import Experience, OptimizationTrigger, RoutingDecision, Signals
from signalbox.policy import DecisionFeatures, DecisionPolicy

START = datetime(2026, 1, 1, tzinfo=UTC)
KINDS = ("find a video about {}", "show a picture of {}", "summarise the report on {}", "what does {} mean")
TOPICS = ("physics", "volcanoes", "jazz", "the moon", "chess", "bridges", "whales", "clocks")
AGENTS = ("alpha", "beta", "gamma", "delta")
Reward = Callable[[int, int, np.random.Generator], float]


def right_agent(kind: int, agent: int, rng: np.random.Generator) -> float:
    """Agent k is right for kind k: .9 instead of .3, with noise."""
    return float(np.clip((0.9 if agent == kind else 0.3) + rng.normal(0.0, 0.1), 0.0, 1.0))


def kind_of(query: str) -> int:
    """Which of KINDS a query is."""
    return next(i for i, kind in enumerate(KINDS) if query.startswith(kind.split(" {}")[0]))


def query_of(rng: np.random.Generator) -> str:
    return KINDS[int(rng.integers(len(KINDS)))].format(TOPICS[int(rng.integers(len(TOPICS)))])


class TablePolicy:
    """Takes a fixed agent for each kind of query, with exploration."""

    def __init__(self, choices: Sequence[int], epsilon: float) -> None:
        self.choices, self.epsilon = choices, epsilon

    def probabilities(self, query: DecisionFeatures, candidates: Sequence[str]) -> np.ndarray:
        result = np.full(len(candidates), self.epsilon / len(candidates))
        result[self.choices[kind_of(query.query)]] += 1.0 - self.epsilon
        return result


def log(
    count: int,
    seed: int = 0,
    *,
    reward: Reward = right_agent,
    policy: DecisionPolicy | None = None,
    agents: tuple[str, ...] = AGENTS,
    digest: str | None = None,
) -> list[Experience]:
    """`count` experiences under `policy`, or under a uniform baseline."""
    rng = np.random.default_rng(seed)
    result = []
    for i in range(count):
        query = query_of(rng)
        share = np.full(len(agents), 1.0 / len(agents))
        if policy is not None:
            share = policy.probabilities(DecisionFeatures(query), agents)
        chosen = int(rng.choice(len(agents), p=share))
        decision = RoutingDecision(
            tenant_id="acme",
            occurred_at=START + timedelta(seconds=i),
            decision_id=f"{seed}-{i}",
            query=query,
            candidate_agents=agents,
            chosen_agent=agents[chosen],
            probabilities=tuple(share.tolist()),
            propensity=float(share[chosen]),
            slot="baseline" if policy is None else "champion",
            policy_digest=digest,
        )
        result.append(experience(decision, reward(kind_of(query), chosen, rng)))
    return result


def experience(decision: RoutingDecision, reward: float, revision: int = 0) -> Experience:
    return Experience(
        tenant_id=decision.tenant_id,
        occurred_at=decision.occurred_at,
        decision_id=decision.decision_id,
        reward=reward,
        reward_version="test",
        outcome=Signals(),
        decision=decision,
        source="routing-decision/0/0",
        run="0-test",
        batch=0,
        revision=revision,
        propensity=decision.propensity,
    )


def trigger(champion_digest: str | None = None, look: int = 1, **changes: object) -> OptimizationTrigger:
    content = {
        "tenant_id": "acme",
        "occurred_at": START + timedelta(hours=1),
        "trigger_id": "trigger-1",
        "tenant_key": "acme",
        "scope": "routing",
        "reasons": ("enough_experiences",),
        "windows": (0,),
        "ranges": (),
        "buffer_digest": "0",
        "experiences": 0,
        "look": look,
        "seed": 3,
        "code_version": "test",
        "configuration": {},
        "run": "0-test",
        "batch": 0,
        "champion_digest": champion_digest,
    }
    return OptimizationTrigger(**{**content, **changes})
