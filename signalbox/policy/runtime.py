"""A policy that decides: in the router, in the gate and wherever a propensity is needed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from signalbox.errors import ArtifactError
from signalbox.policy.artifact import Artifact, Manifest, unpack
from signalbox.policy.exploration import epsilon_greedy, explore_around
from signalbox.policy.features import DecisionFeatures, Featurizer

_CACHED_CANDIDATE_SETS = 1024


class DecisionPolicy(Protocol):
    """A map from what is known of a query to a distribution over its candidate agents."""

    def probabilities(self, query: DecisionFeatures, candidates: Sequence[str]) -> NDArray[np.float64]:
        """The exact distribution over `candidates`, in their order, exploration included."""
        ...


class BaselinePolicy:
    """What a router does before its first policy: its own distribution, or else a uniform one.

    `weights` gives an agent's share (agents that it doesn't name have none); a share of `epsilon` explores.
    """

    def __init__(self, weights: Mapping[str, float] | None = None, epsilon: float = 0.0) -> None:
        self._weights = dict(weights or {})
        self.epsilon = epsilon

    def probabilities(self, query: DecisionFeatures, candidates: Sequence[str]) -> NDArray[np.float64]:
        """The exact distribution over `candidates`; uniform where the baseline names none of them."""
        del query  # a baseline is the same for every query
        weights = [self._weights.get(agent, 0.0) for agent in candidates]
        return explore_around(weights if any(weights) else [1.0] * len(weights), self.epsilon)


class Policy:
    """A learned softmax policy, deployed epsilon-greedy: its mode with 1 - epsilon, anything with epsilon.

    Only rows that training touched are kept: `_slots` maps a hashed row to its place; the last place holds
    zeros for all others. Safe to share between threads once made.
    """

    def __init__(self, artifact: Artifact) -> None:
        self.manifest: Manifest = artifact.manifest
        self.epsilon = artifact.manifest.epsilon
        self.featurizer = Featurizer(artifact.manifest.features)
        rows, weights, bias, idf = _tensors(artifact)
        size = len(rows)
        self._slots = np.full(1 << artifact.manifest.features.bits, size, dtype=np.intp)
        self._slots[rows] = np.arange(size, dtype=np.intp)
        self._weights = np.vstack([weights, np.zeros((1, weights.shape[1]), np.float16)]).astype(np.float32)
        self._idf = idf.astype(np.float32)
        self._bias = bias.astype(np.float32)
        self._column = {agent: place for place, agent in enumerate(self.manifest.agents)}
        self._columns: dict[tuple[str, ...], NDArray[np.intp] | None] = {}

    @classmethod
    def load(cls, data: bytes) -> Policy:
        """The policy in an artifact's bytes; raises `ArtifactError` where they aren't one."""
        return cls(unpack(data))

    @property
    def size_bytes(self) -> int:
        """The memory of the tensors."""
        return self._slots.nbytes + self._weights.nbytes + self._idf.nbytes

    @property
    def rows(self) -> NDArray[np.intp]:
        """The hashed rows that have weights, ascending."""
        return np.flatnonzero(self._slots < len(self._weights) - 1)

    def weights(
        self, rows: NDArray[np.intp], agents: Sequence[str]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Weights (rows, agents) and bias (agents,), for a learner to start from; 0 for what isn't known."""
        known = [(place, self._column[agent]) for place, agent in enumerate(agents) if agent in self._column]
        to, source = [place for place, _ in known], [column for _, column in known]
        weights = np.zeros((len(rows), len(agents)), dtype=np.float32)
        weights[:, to] = self._weights[self._slots[rows]][:, source]
        bias = np.zeros(len(agents), dtype=np.float32)
        bias[to] = self._bias[source]
        return weights, bias

    def scores(self, query: DecisionFeatures, candidates: Sequence[str]) -> NDArray[np.float32]:
        """A number for each candidate, shape (k,); -inf for an agent that the policy doesn't know."""
        rows, values = self.featurizer.vector(query)
        places = self._slots.take(rows)
        values *= self._idf.take(places)
        known: NDArray[np.float32] = values.dot(self._weights.take(places, axis=0))
        known *= 1.0 / math.sqrt(values.dot(values))
        known += self._bias
        columns = self._columns_of(tuple(candidates))
        return known if columns is None else np.append(known, np.float32(-np.inf))[columns]

    def probabilities(self, query: DecisionFeatures, candidates: Sequence[str]) -> NDArray[np.float64]:
        """The exact distribution over `candidates`, in their order, exploration included.

        An agent that the policy doesn't know gets its share of the exploration only.
        """
        return epsilon_greedy(self.scores(query, candidates), self.epsilon)

    def greedy(self, query: DecisionFeatures, candidates: Sequence[str]) -> NDArray[np.float64]:
        """The distribution without exploration."""
        return epsilon_greedy(self.scores(query, candidates), 0.0)

    def _columns_of(self, candidates: tuple[str, ...]) -> NDArray[np.intp] | None:
        """Where the candidates' scores are; None where they are all columns in order."""
        if candidates in self._columns:
            return self._columns[candidates]
        if len(self._columns) >= _CACHED_CANDIDATE_SETS:
            self._columns.clear()
        unknown = len(self._column)
        columns = np.array([self._column.get(agent, unknown) for agent in candidates], dtype=np.intp)
        found = None if candidates == self.manifest.agents else columns
        self._columns[candidates] = found
        return found


def _tensors(artifact: Artifact) -> tuple[NDArray[np.int32], ...]:
    """Rows (n,), weights (n, agents), bias (agents,) and inverse document frequencies (n + 1,), checked."""
    missing = {"rows", "weights", "bias", "idf"} - artifact.tensors.keys()
    if missing:
        raise ArtifactError(f"artifact: without the tensors {sorted(missing)}")
    rows, weights, bias, idf = (artifact.tensors[name] for name in ("rows", "weights", "bias", "idf"))
    if rows.dtype != np.int32 or rows.ndim != 1:
        raise ArtifactError(f"artifact: rows are int32 in one dimension, not {rows.dtype} in {rows.ndim}")
    agents, size = len(artifact.manifest.agents), len(rows)
    if weights.shape != (size, agents) or bias.shape != (agents,) or idf.shape != (size + 1,):
        raise ArtifactError(
            f"artifact: {size} rows and {agents} agents, but weights {weights.shape}, bias {bias.shape}, "
            f"idf {idf.shape}"
        )
    if size and not 0 <= int(rows.min()) <= int(rows.max()) < 1 << artifact.manifest.features.bits:
        raise ArtifactError(f"artifact: a row is outside of 0..2**{artifact.manifest.features.bits} - 1")
    if not all(np.isfinite(tensor).all() for tensor in (weights, bias, idf)) or not (idf > 0).all():
        raise ArtifactError("artifact: a weight isn't finite, or an inverse document frequency not positive")
    return rows, weights, bias, idf
