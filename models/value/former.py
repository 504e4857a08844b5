"""What a policy from before a change of the rewards still knows: which queries are alike.

Its scores are features of a query, from which every agent's score is learned anew, by one matrix. Agents that
have taken each other's places are a matrix with a single entry in each row, so a few rewards of each agent
suffice. Because scores are linear in the query, what is learned folds into the weights of an ordinary policy:
neither the artifact nor a router knows of it, and after the next change it is a former policy like any other.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from models.examples import Floats, Places
from models.value.rows import Weighted
from signalbox.policy import Policy

_RATE = 1.0
_FIRST_SQUARE = 0.01
_LARGEST = 1 << 16
"""So many rows are kept, those with the largest weights, lest a policy grow with every change."""


class Folded(NamedTuple):
    """Weights (n, agents) and bias (agents,)."""

    weights: Floats
    bias: Floats


class Former:
    """The former policy's scores, centred and of mean square 1, with a matrix (agents, its agents) over them.

    A model that takes it up counts queries from `documents` on, in which `rows` (n,) have `frequency` (n,): the
    same query is nearly the same vector to both, and `rows` have the first n places.
    """

    def __init__(self, policy: Policy, agents: int) -> None:
        rows = policy.rows
        weights, bias = policy.weights(rows, policy.manifest.agents)
        # What all agents have alike tells no query from another.
        weights -= weights.mean(axis=1, keepdims=True)
        largest = np.sort(np.argsort(-np.abs(weights).max(axis=1, initial=0.0), kind="stable")[:_LARGEST])
        self.rows, self._weights = rows[largest], weights[largest]
        self._bias = bias - bias.mean()
        # (1 + documents) / (1 + frequency), by the inverse of `GrowingRows.idf`; of an unseen row, last.
        ratio = np.exp(policy.idf.astype(np.float64) ** (2.0 / 3.0) - 1.0)
        self.documents = round(ratio[-1] - 1.0)
        self.frequency = np.maximum(ratio[-1] / ratio[largest] - 1.0, 0.0).astype(np.float32)
        self._matrix = np.zeros((agents, len(bias)), dtype=np.float32)
        self._squares = np.full(agents, _FIRST_SQUARE, dtype=np.float32)
        self._queries, self._total = 0, 0.0

    def features(self, query: Weighted, *, count: bool) -> Floats:
        """The query's features, shape (its agents,); `count` takes it into account in how large they are."""
        known = query.places < len(self.rows)
        features: Floats = np.einsum("n,nc->c", query.values[known], self._weights[query.places[known]])
        features += self._bias
        if count:
            self._queries += 1
            self._total += float(np.einsum("n,n->", features, features))
        return features * np.float32(self._scale())

    def scores(self, features: Floats) -> Floats:
        """What they add to each agent's score, shape (agents,)."""
        scores: Floats = np.einsum("an,n->a", self._matrix, features)
        return scores

    def ascend(self, features: Floats, agents: Places, slope: Floats) -> None:
        """One step for these agents along the slope of the objective in their scores, both (m,).

        AdaGrad with one step size an agent: with one an entry, faint features would count like strong ones.
        """
        self._squares[agents] += slope * slope * np.einsum("n,n->", features, features)
        steps = np.float32(_RATE) * slope / np.sqrt(self._squares[agents])
        self._matrix[agents] += steps[:, None] * features

    def folded(self) -> Folded:
        """What `scores` adds, as weights of `rows`."""
        matrix = self._matrix * np.float32(self._scale())
        return Folded(np.einsum("nf,af->na", self._weights, matrix), np.einsum("af,f->a", matrix, self._bias))

    def _scale(self) -> float:
        return math.sqrt(self._queries / self._total) if self._total > 0.0 else 1.0
