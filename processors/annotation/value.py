"""The value of information: what a label would teach that isn't known."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from signalbox.events import Experience
from signalbox.policy import DecisionFeatures, FeatureConfiguration, Featurizer

SKETCH = 256
"""Queries are compared in so many hashed dimensions."""
ALIKE = 0.5
"""Queries whose sketches have this cosine or more are of a kind."""
_COMPARED = 2000


def uncertainty(experience: Experience, confidence: float | None) -> float:
    """In [0, 1]: the normalised entropy of the router's draw or what it lacks in confidence, the larger one."""
    found = 0.5 if confidence is None else 1.0 - confidence
    probabilities = experience.decision.probabilities
    if probabilities is not None and len(probabilities) > 1:
        entropy = -sum(p * math.log(p) for p in probabilities if p > 0.0)
        found = max(found, entropy / math.log(len(probabilities)))
    return min(max(found, 0.0), 1.0)


def sketches(experiences: Sequence[Experience]) -> NDArray[np.float32]:
    """Each query as a vector of length 1, shape (n, SKETCH); those of alike queries have a large product."""
    featurizer = Featurizer(FeatureConfiguration())
    found = np.zeros((len(experiences), SKETCH), dtype=np.float32)
    for place, item in enumerate(experiences):
        rows, values = featurizer.vector(DecisionFeatures.of(item.decision))
        np.add.at(found[place], rows % SKETCH, values)
    norms = np.linalg.norm(found, axis=1, keepdims=True)
    return found / np.where(norms > 0.0, norms, 1.0)


def commonness(vectors: NDArray[np.float32], places: Sequence[int]) -> NDArray[np.float64]:
    """The share of all queries (of the newest 2000) that are of the kind of those at `places`."""
    known = vectors[-_COMPARED:]
    alike = vectors[np.asarray(places, dtype=np.intp)] @ known.T >= ALIKE
    return np.asarray(alike.mean(axis=1), dtype=np.float64)


def value_of(unsure: float, common: float, reward: float) -> float:
    """In [0, 1]: half of it uncertainty, the rest how often such queries come and how much was lost."""
    # The root, because a kind that is one query in a hundred is already worth much more than a lone one.
    return 0.5 * unsure + 0.3 * math.sqrt(common) + 0.2 * (1.0 - reward)


def diverse(vectors: NDArray[np.float32], values: NDArray[np.float64], count: int) -> list[int]:
    """At most `count` places, one after the other the most valuable one that is unlike those before.

    A query that is like one taken already is worth its value times what the two don't share.
    """
    left = values.astype(np.float64).copy()
    taken: list[int] = []
    while len(taken) < min(count, len(left)):
        place = int(np.argmax(left))
        taken.append(place)
        likeness = np.clip(vectors @ vectors[place], 0.0, 1.0)
        left = np.minimum(left, values * (1.0 - likeness))
        left[taken] = -np.inf
    return taken
