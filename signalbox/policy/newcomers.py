"""Agents that a policy never learned about, but whose cards say what they are good at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from signalbox.events import AgentCard
from signalbox.policy.cards import card_text, names_of, resolve
from signalbox.policy.features import DecisionFeatures, Featurizer
from signalbox.policy.sparse import SparseRows

Floats = NDArray[np.float32]


class Newcomers:
    """`agents` with the vectors of their cards, weighted as queries are."""

    def __init__(self, agents: tuple[str, ...], matrix: SparseRows) -> None:
        self.agents = agents
        self._matrix = matrix

    @classmethod
    def among(
        cls,
        cards: Sequence[AgentCard],
        columns: Mapping[str, int],
        known: SparseRows,
        idf: Floats,
        featurizer: Featurizer,
    ) -> Newcomers | None:
        """Those of the cards' agents who have no column under any of their names; None where there are none."""
        names = names_of(cards)
        found = resolve([card.agent for card in cards], columns, names)
        fresh = [card for card, column in zip(cards, found, strict=True) if column is None]
        if not fresh:
            return None
        vectors = [featurizer.vector(DecisionFeatures(card_text(card))) for card in fresh]
        rows = np.unique(np.concatenate([rows for rows, _ in vectors]))
        weights = np.zeros((len(rows), len(fresh)), dtype=np.float32)
        for place, (own, values) in enumerate(vectors):
            weighted = values * idf.take(known.slots.take(own))
            # Blocks may share a hashed row, whose parts add up as they do in a query's product.
            np.add.at(weights[:, place], np.searchsorted(rows, own), weighted / np.linalg.norm(weighted))
        bits = featurizer.configuration.bits
        return cls(tuple(card.agent for card in fresh), SparseRows(bits, rows, weights))

    def similarities(self, rows: NDArray[np.intp], values: Floats) -> Floats:
        """The cosine of each one's card with a query of norm 1, shape (agents,)."""
        return self._matrix.times(self._matrix.slots.take(rows), values)
