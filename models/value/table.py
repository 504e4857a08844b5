"""What is known of each agent by the rows of the queries: weights, prototypes of success and cards."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from models.examples import Floats, Places
from models.value.rows import GrowingRows, Weighted, grown
from signalbox.policy import DecisionFeatures, FeatureConfiguration, Featurizer

_FIRST_SQUARE = 0.01


class Products(NamedTuple):
    """A query's products with the agents' weights, prototypes and cards, each of shape (agents,)."""

    weights: Floats
    prototypes: Floats
    cards: Floats | None


class Table:
    """Three matrices (rows, agents) that grow with the rows that occur; without cards there are two.

    The weights are learned by AdaGrad (Duchi, Hazan and Singer, 2011), with a step size for each entry.
    """

    def __init__(self, agents: int, configuration: FeatureConfiguration, with_cards: bool) -> None:
        self._agents = agents
        self._featurizer = Featurizer(configuration)
        self._rows = GrowingRows(configuration.bits)
        # Side by side, so that one gather serves all three.
        self._width = (3 if with_cards else 2) * agents
        self._matrix = np.zeros((self._rows.capacity, self._width), dtype=np.float32)
        self._squares = np.full((self._rows.capacity, agents), _FIRST_SQUARE, dtype=np.float32)
        self._earlier = 0

    @property
    def queries(self) -> int:
        """How many queries have been counted."""
        return self._rows.documents - self._earlier

    def take_over(self, rows: Places, frequency: Floats, documents: int) -> None:
        """Go on from so many earlier queries, which are not counted; see `GrowingRows.take_over`."""
        self._rows.take_over(rows, frequency, documents)
        self._earlier = documents
        self._reserve()

    def query(self, features: DecisionFeatures, *, count: bool) -> Weighted:
        """The query as a vector; `count` takes it into account in how rare its words are."""
        rows, values = self._featurizer.vector(features)
        places = self._rows.places(rows)
        self._reserve()
        if count:
            self._rows.count(places)
        return self._rows.weighted(places, values)

    def times(self, query: Weighted) -> Products:
        """The query's products; without BLAS, in a fixed order."""
        products = np.einsum("n,nc->c", query.values, self._matrix.take(query.places, axis=0))
        k = self._agents
        return Products(products[:k], products[k : 2 * k], products[2 * k :] if self._width > 2 * k else None)

    def ascend(self, query: Weighted, agents: Places, slope: Floats, rate: float) -> None:
        """One step for these agents' weights along the slope of the objective in their scores, both (m,)."""
        steps = query.values[:, None] * slope
        where = (query.places * self._agents)[:, None] + agents
        sums = self._squares.ravel()
        squares = steps * steps
        squares += sums.take(where)
        sums[where] = squares
        where += (query.places * (self._width - self._agents))[:, None]
        steps *= np.float32(rate)
        steps /= np.sqrt(squares, out=squares)
        matrix = self._matrix.ravel()
        steps += matrix.take(where)
        matrix[where] = steps

    def succeed(self, query: Weighted, agent: int, reward: float) -> None:
        """Add the query, times the reward, to an agent's prototype."""
        where = query.places * self._width + (self._agents + agent)
        self._matrix.ravel()[where] += np.float32(reward) * query.values

    def write_card(self, agent: int, text: str) -> None:
        """The agent's card, weighted as words are rare by now."""
        card = self.query(DecisionFeatures(text), count=False)
        self._matrix[card.places, 2 * self._agents + agent] = card.values

    def folded(self, prototype_scale: Floats, card_weight: float) -> tuple[Places, Floats, Floats]:
        """Rows (n,), ascending, and what an agent's score gets from each (n, agents); idf (n + 1,)."""
        k, order = self._agents, np.argsort(self._rows.rows, kind="stable")
        matrix = self._matrix[order]
        weights = matrix[:, :k] + prototype_scale * matrix[:, k : 2 * k]
        if self._width > 2 * k:
            weights += np.float32(card_weight) * matrix[:, 2 * k :]
        idf = np.append(self._rows.idf(order), np.float32(self._rows.unseen_idf()))
        return self._rows.rows[order], weights, idf

    def _reserve(self) -> None:
        if len(self._matrix) < self._rows.capacity:
            self._matrix = grown(self._matrix, self._rows.capacity)
            self._squares = grown(self._squares, self._rows.capacity, _FIRST_SQUARE)
