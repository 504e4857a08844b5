"""Logs of routers that try a candidate against a champion, or send out a canary."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np
from msgspec import structs

from signalbox.events import Experience
from signalbox.policy import DecisionFeatures, Policy
from tests.models.logs import AGENTS, Reward, kind_of, log, right_agent

UNIFORM = np.full(len(AGENTS), 1.0 / len(AGENTS))


def other_way_round(kind: int, agent: int, rng: np.random.Generator) -> float:
    """The agent that was right for another kind is right now."""
    return right_agent(kind, 3 - agent, rng)


def fair_coin(kind: int, agent: int, rng: np.random.Generator) -> float:
    """Every agent is as good as any other."""
    return float(rng.random() < 0.5)


def tried(
    count: int,
    champion: Policy | None,
    candidate: Policy,
    digest: str,
    begun_at: datetime,
    *,
    reward: Reward = right_agent,
    seed: int = 11,
) -> Iterator[Experience]:
    """`count` experiences from `begun_at` on, a second apart; where the two disagree, half and half."""
    rng = np.random.default_rng([seed, 1])
    for number, item in enumerate(log(count, seed=seed)):
        query = DecisionFeatures(item.decision.query)
        new = candidate.probabilities(query, AGENTS)
        old = champion.probabilities(query, AGENTS) if champion else UNIFORM
        differ = champion is None or int(old.argmax()) != int(new.argmax())
        yield drawn(
            item,
            (old + new) / 2.0 if differ else old,
            rng,
            reward,
            at=begun_at + timedelta(seconds=number),
            trial_digest=digest if differ else None,
        )


def drawn(
    item: Experience,
    shares: np.ndarray,
    rng: np.random.Generator,
    reward: Reward,
    *,
    at: datetime,
    **changes: object,
) -> Experience:
    """The same question, answered by an agent drawn from `shares` at another time."""
    chosen = int(rng.choice(len(AGENTS), p=shares))
    decision = structs.replace(
        item.decision,
        occurred_at=at,
        chosen_agent=AGENTS[chosen],
        probabilities=tuple(shares.tolist()),
        propensity=float(shares[chosen]),
        **changes,
    )
    return structs.replace(
        item,
        occurred_at=at,
        decision=decision,
        propensity=decision.propensity,
        reward=reward(kind_of(decision.query), chosen, rng),
    )
