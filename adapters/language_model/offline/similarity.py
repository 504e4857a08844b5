"""How alike texts are: weighted overlap of their words and character n-grams."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from math import log, sqrt

from adapters.language_model.offline.values import telling_words

_GRAM = 4
_GRAM_WEIGHT = 0.25
"""Character n-grams catch other forms of a word; a word itself says more."""


def similarities(text: str, others: Sequence[str], labels: Sequence[str]) -> list[float]:
    """The cosine of `text` with each other text, in [0, 1]; `labels` are those of the others.

    A feature weighs more if it is rare among the texts (TF-IDF), and if those that have it have one label: of n
    such, m of the most frequent one, it counts m / (n + 1).
    """
    every = [_features(each) for each in (text, *others)]
    weights = _weights(every, labels)
    mine = every[0]
    # Sums of floats depend on their order, and the order of a set on the process; a dict's doesn't.
    squares = [sum(weights[feature] for feature in features) for features in every]
    overlaps = [sum(weights[feature] for feature in mine if feature in features) for features in every[1:]]
    return [_cosine(overlap, squares[0], square) for overlap, square in zip(overlaps, squares[1:], strict=True)]


def _weights(every: Sequence[Mapping[str, float]], labels: Sequence[str]) -> dict[str, float]:
    """The squared weight of each feature."""
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    for features, label in zip(every[1:], labels, strict=True):
        for feature in features:
            seen[feature][label] += 1
    weights = {}
    for feature, kind in {feature: kind for features in every for feature, kind in features.items()}.items():
        counts = seen[feature]
        total = counts.total()
        purity = max(counts.values(), default=1) / (total + 1)
        weights[feature] = (kind * purity * log(1.0 + len(every) / (total + 1))) ** 2
    return weights


def _cosine(overlap: float, square: float, other: float) -> float:
    return overlap / sqrt(square * other) if square and other else 0.0


def _features(text: str) -> dict[str, float]:
    """Words and n-grams of a text, with the weight of their kind."""
    found = telling_words(text)
    grams = (f"<{word}>"[at : at + _GRAM] for word in found for at in range(max(len(word) + 3 - _GRAM, 1)))
    return {**{"g" + gram: _GRAM_WEIGHT for gram in grams}, **{"w" + word: 1.0 for word in found}}
