"""Seeded logs of an epsilon-greedy router in a made-up world, for the tests of the intervals."""

import numpy as np

from models.ope import PolicyEvidence

AGENTS = 5
VALUES = (0.95, 0.75)
"""What the evaluated policy earns where it agrees with the logging one, and elsewhere."""
DISAGREEMENT = 0.25
TRUTH = (1.0 - DISAGREEMENT) * VALUES[0] + DISAGREEMENT * VALUES[1]


def evidence(
    size: int, epsilon: float, seed: int, *, model: str = "rough", graded: bool = False
) -> PolicyEvidence:
    """`size` decisions; the evaluated policy always takes agent 0, the logging one agent 0 or 1."""
    rng = np.random.default_rng(seed)
    disagrees = rng.random(size) < DISAGREEMENT
    logged = np.full((size, AGENTS), epsilon / AGENTS)
    logged[np.arange(size), disagrees.astype(int)] += 1.0 - epsilon
    chosen = (logged.cumsum(axis=1) > rng.random((size, 1))).argmax(axis=1)
    share = np.full((size, AGENTS), 0.3)
    share[:, 0] = np.where(disagrees, VALUES[1], VALUES[0])
    mean = share[np.arange(size), chosen]
    rewards = rng.beta(8.0 * mean, 8.0 * (1.0 - mean)) if graded else (rng.random(size) < mean).astype(float)
    predicted = {
        "rough": np.clip(share + rng.normal(0.0, 0.1, share.shape), 0.0, 1.0),
        "constant": np.full(share.shape, 0.5),
        "wrong": 1.0 - share,
    }[model]
    evaluated = np.zeros((size, AGENTS))
    evaluated[:, 0] = 1.0
    return PolicyEvidence.of(rewards, chosen, logged, evaluated, predicted)
