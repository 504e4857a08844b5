"""A policy that decides: in the router, in the gate and wherever a propensity is needed."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from signalbox.events import AgentCard
from signalbox.policy.artifact import Artifact, Manifest, unpack
from signalbox.policy.exploration import epsilon_greedy, square_cb
from signalbox.policy.features import DecisionFeatures, Featurizer
from signalbox.policy.lineup import Lineup, Lineups
from signalbox.policy.newcomers import Newcomers
from signalbox.policy.sparse import SparseRows
from signalbox.policy.tensors import checked
from signalbox.policy.value import expectation
from signalbox.policy.worth import net_worth

Floats = NDArray[np.float64]
Scores = NDArray[np.float32]
_UNKNOWN = np.array([-np.inf], dtype=np.float32)


class Decided(NamedTuple):
    """What a policy makes of a query: the exact distribution over the candidates, and the `values` behind it.

    Both are of shape (k,). A value is the reward that the agent may expect (kind `value`) or the softmax of the
    scores (kind `softmax`), in [0, 1]; it is the policy's own confidence, not yet calibrated.
    """

    probabilities: Floats
    values: Floats


class Policy:
    """A learned policy, immutable once made and safe to share between threads.

    It explores as its manifest says: epsilon-greedy, or SquareCB around the expected rewards.
    """

    def __init__(self, artifact: Artifact) -> None:
        self.manifest: Manifest = artifact.manifest
        self.epsilon = artifact.manifest.epsilon
        self.featurizer = Featurizer.shared(artifact.manifest.features)
        tensors = checked(artifact)
        self._matrix = SparseRows(artifact.manifest.features.bits, tensors.rows, tensors.weights)
        self._idf = tensors.idf.astype(np.float32)
        self._bias = tensors.bias.astype(np.float32)
        self._similarity, self._exclusivity = np.float32(tensors.similarity), tensors.exclusivity
        self._column = {agent: place for place, agent in enumerate(self.manifest.agents)}
        self._newcomers: Newcomers | None = None
        self._lineups = Lineups(self.manifest)

    @classmethod
    def load(cls, data: bytes) -> Policy:
        """The policy in an artifact's bytes; raises `ArtifactError` where they aren't one."""
        return cls(unpack(data))

    def with_cards(self, cards: Iterable[AgentCard], gone: Iterable[str] = ()) -> Policy:
        """The same policy where these agents' cards are known and those have left; it shares the weights.

        A candidate that the policy doesn't know is taken for the agent of whose card it is another name. With
        the kind `value`, an agent that has a card but no weights gets a score for its card's similarity with
        the query. Who has left gets probability 0, unless all candidates have.
        """
        known = tuple(cards)
        changed = copy.copy(self)
        changed._newcomers = None
        if self.manifest.kind == "value":
            changed._newcomers = Newcomers.among(known, self._column, self._matrix, self._idf, self.featurizer)
        newcomers = changed._newcomers.agents if changed._newcomers else ()
        changed._lineups = Lineups(self.manifest, known, frozenset(gone), newcomers)
        return changed

    @property
    def size_bytes(self) -> int:
        """The memory of the tensors."""
        return self._matrix.slots.nbytes + self._matrix.weights.nbytes + self._idf.nbytes

    @property
    def rows(self) -> NDArray[np.intp]:
        """The hashed rows that have weights, ascending."""
        return self._matrix.rows

    @property
    def idf(self) -> NDArray[np.float32]:
        """The inverse document frequencies of `rows`, and last that of every other row; shape (n + 1,)."""
        return self._idf.take(np.append(self._matrix.slots[self.rows], len(self._idf) - 1))

    def weights(
        self, rows: NDArray[np.intp], agents: Sequence[str]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Weights (rows, agents) and bias (agents,), for a learner to start from; 0 for what isn't known."""
        known = [(place, self._column[agent]) for place, agent in enumerate(agents) if agent in self._column]
        to, source = [place for place, _ in known], [column for _, column in known]
        weights = np.zeros((len(rows), len(agents)), dtype=np.float32)
        weights[:, to] = self._matrix.weights[self._matrix.slots[rows]][:, source]
        bias = np.zeros(len(agents), dtype=np.float32)
        bias[to] = self._bias[source]
        return weights, bias

    def scores(self, query: DecisionFeatures, candidates: Sequence[str]) -> Scores:
        """A number for each candidate, shape (k,); -inf for an agent of whom nothing is known."""
        return self._scores(query, self._lineups.of(candidates))

    def values(self, query: DecisionFeatures, candidates: Sequence[str]) -> Floats:
        """The values of `Decided`."""
        return self._values(self.scores(query, candidates))

    def decide(self, query: DecisionFeatures, candidates: Sequence[str]) -> Decided:
        """The distribution over `candidates`, in their order, with the values behind it.

        Agents are compared by value less cost, weighed as the query or else the manifest says. An agent of whom
        nothing is known gets its share of the exploration only.
        """
        lineup = self._lineups.of(candidates)
        scores = self._scores(query, lineup)
        values = self._values(scores)
        if self.manifest.exploration == "squarecb":
            worth = self._worth(query, lineup, scores, values)
            return Decided(lineup.spread(square_cb, worth, self.manifest.gamma), values)
        return Decided(
            lineup.spread(epsilon_greedy, self._ranking(query, lineup, scores), self.epsilon), values
        )

    def probabilities(self, query: DecisionFeatures, candidates: Sequence[str]) -> Floats:
        """The distribution of `decide`: exact, exploration included."""
        return self.decide(query, candidates).probabilities

    def greedy(self, query: DecisionFeatures, candidates: Sequence[str]) -> Floats:
        """The distribution without exploration."""
        lineup = self._lineups.of(candidates)
        ranking = self._ranking(query, lineup, self._scores(query, lineup))
        return lineup.spread(epsilon_greedy, ranking, 0.0)

    def _cost_weight(self, query: DecisionFeatures) -> float:
        return self.manifest.cost_weight if query.cost_weight is None else query.cost_weight

    def _worth(self, query: DecisionFeatures, lineup: Lineup, scores: Scores, values: Floats) -> Floats:
        weight = self._cost_weight(query)
        return net_worth(values, scores > -np.inf, weight * lineup.costs) if weight else values

    def _ranking(self, query: DecisionFeatures, lineup: Lineup, scores: Scores) -> Floats | Scores:
        """What the best candidate has most of: the score or, where cost counts, the value without it."""
        weight = self._cost_weight(query)
        if not weight:
            return scores
        # An unknown agent must not be exploited, even where all others cost more than they are worth.
        return np.where(scores > -np.inf, self._values(scores) - weight * lineup.costs, -np.inf)

    def _scores(self, query: DecisionFeatures, lineup: Lineup) -> Scores:
        rows, values = self.featurizer.vector(query)
        places = self._matrix.slots.take(rows)
        weighted = values * self._idf.take(places)
        weighted *= 1.0 / math.sqrt(np.einsum("n,n->", weighted, weighted))
        scores = self._matrix.times(places, weighted)
        scores += self._bias
        if lineup.columns is None:
            return scores
        parts = [scores, _UNKNOWN]
        if self._newcomers is not None:
            parts.insert(1, self._similarity * self._newcomers.similarities(rows, weighted))
        return np.concatenate(parts).take(lineup.columns)

    def _values(self, scores: Scores) -> Floats:
        found = expectation(scores, self._exclusivity)
        if self.manifest.kind == "value":
            return found.values
        return np.where(scores > -np.inf, found.odds / found.total, 0.0)
