"""How much better an experience was than comparable ones: the advantage of group-relative policy optimisation.

GRPO (Shao et al., DeepSeekMath, 2024, section 4.1.1) samples several answers to one question and compares their
rewards. A log holds each question once, so the answers to similar questions take their place: only experiences
with the same candidates are compared, and those are parted by a random-projection tree (Dasgupta and Freund,
2008) until a leaf holds at most `group_size`. A leaf's mean is then the reward that was usual for such a query,
whichever policy logged it, and easy kinds of query don't drown hard ones.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.examples import Examples, Floats, Places, Vectors

_SKETCH_COLUMNS = 32
PRIOR_EXPERIENCES = 4.0
"""A group's mean and variance are drawn towards those of all experiences with the weight of so many: in a group
that only failed, every experience is then still worse than usual, instead of saying nothing."""


def advantages(examples: Examples, group_size: int, rng: np.random.Generator) -> Floats:
    """(reward - group mean) / group standard deviation, shape (n,); all 0 where every reward is the same."""
    rewards = examples.rewards
    result = np.zeros(len(rewards), dtype=np.float32)
    if rewards.min() == rewards.max():
        return result
    mean, variance, prior = rewards.mean(), rewards.var(), PRIOR_EXPERIENCES
    for members in groups(examples, group_size, rng):
        group = rewards[members]
        centre = (group.sum() + prior * mean) / (len(group) + prior)
        spread = (((group - centre) ** 2).sum() + prior * variance) / (len(group) + prior)
        result[members] = (group - centre) / np.sqrt(spread)
    return result


def groups(examples: Examples, size: int, rng: np.random.Generator) -> list[Places]:
    """The experiences' places in groups of at most `size` with equal candidates and similar queries."""
    sketch = _sketch(examples.vectors, rng)
    _, kinds = np.unique(examples.eligible, axis=0, return_inverse=True)
    found: list[Places] = []
    pending = [np.flatnonzero(kinds.ravel() == kind) for kind in range(int(kinds.max()) + 1)]
    while pending:
        members = pending.pop()
        if len(members) <= size:
            found.append(members)
        else:
            pending.extend(_halves(sketch, members, rng))
    return found


def _sketch(vectors: Vectors, rng: np.random.Generator) -> Floats:
    """Random signs times the vectors: few columns that keep the angles (Johnson and Lindenstrauss)."""
    rows, places = np.unique(vectors.rows, return_inverse=True)
    signs = rng.choice(np.array([-1.0, 1.0], dtype=np.float32), size=(len(rows), _SKETCH_COLUMNS))
    return Vectors(vectors.starts, places.astype(np.intp), vectors.values).times(signs)


def _halves(sketch: NDArray[np.float32], members: Places, rng: np.random.Generator) -> list[Places]:
    """The members on either side of the median between two of them that are drawn."""
    one, other = sketch[rng.choice(members, size=2, replace=False)]
    along = np.einsum("nc,c->n", sketch[members], one - other)
    order = members[np.argsort(along, kind="stable")]
    return [order[: len(order) // 2], order[len(order) // 2 :]]
