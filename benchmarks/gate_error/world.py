"""Simulated candidates: where they disagree with the champion, and what either earns there."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
CHAMPION = 0.90
GAIN = 0.03
DISAGREEMENT = (0.06, 0.12)
_EITHER_IS_RIGHT = 0.9
"""How often an agent is right where both can do it, independently of the other."""


class Candidate(NamedTuple):
    """What it earns more than the champion, in reward per decision, and how they disagree.

    `either` is the share of the disagreements on which both can do it; on all others one is right and the other
    wrong.
    """

    improvement: float
    either: float = 0.1


BETTER = Candidate(GAIN)
NO_BETTER = (Candidate(0.0), Candidate(-GAIN / 3), Candidate(0.0, 0.9), Candidate(-GAIN))


class Earned(NamedTuple):
    """What candidate and champion would earn on each decision on which they disagree, arrays of shape (m,)."""

    candidate: Floats
    champion: Floats


def candidates(count: int) -> list[Candidate]:
    """So many candidates; every second is better, the others are each kind of no better in turn."""
    return [BETTER if place % 2 else NO_BETTER[place // 2 % len(NO_BETTER)] for place in range(count)]


def disagreements(
    rng: np.random.Generator, decisions: int, share: float, candidate: Candidate
) -> tuple[NDArray[np.bool_], Earned]:
    """On which of the decisions the two disagree, and what they earn there: 1 or 0."""
    apart = rng.random(decisions) < share
    right = (1.0 - candidate.either + candidate.improvement / share) / 2.0
    kind = rng.choice(3, int(apart.sum()), p=[right, 1.0 - candidate.either - right, candidate.either])
    one, other = (rng.random((2, len(kind))) < _EITHER_IS_RIGHT).astype(np.float64)
    return apart, Earned(np.choose(kind, [1.0, 0.0, one]), np.choose(kind, [0.0, 1.0, other]))
