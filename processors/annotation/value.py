"""The value of information: what a label would teach that isn't known."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from processors.annotation.priority import draw_of
from signalbox.events import Experience
from signalbox.policy import DecisionFeatures, FeatureConfiguration, Featurizer

SKETCH = 256
"""Queries are compared in so many hashed dimensions."""
ALIKE = 0.5
"""Queries whose sketches have this cosine or more are of a kind."""
COMPARED = 512
"""With at most so many others each query is compared; the time that a choice takes grows with it."""
_KNOWN = 0.5
"""What an earlier label on the same query takes from the value of another one."""
_REPEATED = 0.9
"""What the same query among those taken already takes from it."""

Values = NDArray[np.float64]


def uncertainty(experience: Experience, confidence: float | None) -> float:
    """In [0, 1]: the normalised entropy of the router's draw or what it lacks in confidence, the larger one."""
    found = 0.5 if confidence is None else 1.0 - confidence
    draw = draw_of(experience.decision)
    if draw is not None:
        found = max(found, -sum(p * math.log(p) for p in draw if p > 0.0) / math.log(len(draw)))
    return min(max(found, 0.0), 1.0)


def sketches(experiences: Sequence[Experience]) -> NDArray[np.float32]:
    """Each query as a vector of length 1, shape (n, SKETCH); those of alike queries have a large product."""
    featurizer = Featurizer(FeatureConfiguration())
    found = np.zeros((len(experiences), SKETCH), dtype=np.float32)
    for place, item in enumerate(experiences):
        rows, values = featurizer.vector(DecisionFeatures.of(item.decision))
        np.add.at(found[place], rows % SKETCH, values)
    norms = np.linalg.norm(found, axis=1, keepdims=True)
    unit: NDArray[np.float32] = (found / np.where(norms > 0.0, norms, 1.0)).astype(np.float32)
    return unit


def commonness(vectors: NDArray[np.float32], others: NDArray[np.float32]) -> Values:
    """The share of the others that are of the kind of each query; shape (n,)."""
    return np.asarray((vectors @ others.T >= ALIKE).mean(axis=1), dtype=np.float64)


def likeness(vectors: NDArray[np.float32], others: NDArray[np.float32]) -> Values:
    """In [0, 1]: how like each query is to the most similar of the others, 0 without any; shape (n,)."""
    if not len(others):
        return np.zeros(len(vectors))
    return np.asarray(np.clip((vectors @ others.T).max(axis=1), 0.0, 1.0), dtype=np.float64)


def value_of(unsure: Values, common: Values, reward: Values, known: Values) -> Values:
    """In [0, 1], shape (n,): half of it uncertainty, the rest how often such queries come and what was lost.

    `known` is how like each query is to one that has a label or was asked for one; the same is worth half.
    """
    # The root, because a kind that is one query in a hundred is already worth much more than a lone one.
    worth = 0.5 * unsure + 0.3 * np.sqrt(common) + 0.2 * (1.0 - reward)
    return np.clip(worth * (1.0 - _KNOWN * known), 0.0, 1.0)


def diverse(
    vectors: NDArray[np.float32], values: Values, ranks: NDArray[np.intp], count: int
) -> list[tuple[int, float]]:
    """At most `count` places: of the lowest rank first, one after the other the most valuable one that is left.

    A query that is like one taken already is worth the less, the more the two share; each place comes with what
    it was worth when it was taken. Of equals the first is taken.
    """
    left = values.copy()
    taken: list[tuple[int, float]] = []
    for rank in np.unique(ranks):
        waiting = ranks == rank
        while len(taken) < count and waiting.any():
            place = int(np.argmax(np.where(waiting, left, -1.0)))
            taken.append((place, float(left[place])))
            waiting[place] = False
            shared = np.clip(vectors @ vectors[place], 0.0, 1.0)
            left = np.minimum(left, values * (1.0 - _REPEATED * shared))
    return taken
