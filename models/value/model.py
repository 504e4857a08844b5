"""The reward of each agent for a query, learned from the chosen agents' rewards alone.

Per agent a logistic regression on the query's features (AdaGrad: Duchi, Hazan and Singer, 2011), whose target
is the reward itself; plus what all agents share (`matching`). The reward that an agent may expect falls with
the scores of its rivals as far as rewards are exclusive (`exclusivity`). Scores start at 0, which is
optimistic: what was never tried looks better than what has failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.examples import Floats, Places
from models.value.exclusivity import Exclusivity
from models.value.former import Former
from models.value.matching import Matching
from models.value.rows import Weighted
from models.value.table import Products, Table
from signalbox.policy import DecisionFeatures, FeatureConfiguration, Policy
from signalbox.policy.value import Expectation, expectation

RATE = 0.7
_BIAS_RATE = 0.01
"""A bias sees every example and would run ahead of the rows."""
_FAILURES = 0.6
"""How much of a failure's good news its rivals get: a success settles a query, a failure doesn't say who else
is right. With all of it favourites take turns, and agents that were never tried are found late."""
_LEAST_GRADIENT = 0.005
"""What a rival's score would move by less than this is left as it is: it saves most of the work."""
_LARGEST = 60_000.0
"""Weights are stored in 16 bits, which end at 65,504."""
_CARDS_ANEW = 1.5
"""Cards are weighted anew whenever so many times the queries have been seen."""


class Judgement(NamedTuple):
    """What the model makes of a query, given the `candidates` (their places among the agents, shape (k,)).

    `scores` and `expected` are theirs, in their order; the `products` are those of all agents. `former` is what
    a former policy says of the query.
    """

    query: Weighted
    candidates: Places
    scores: Floats
    expected: Expectation
    products: Products
    former: Floats | None = None


class RewardModel:
    """Learns from one decision at a time; `cards` holds each agent's text, empty where there is none.

    `former` is a policy from before a change of the rewards, made for the same features.
    """

    def __init__(
        self,
        agents: int,
        configuration: FeatureConfiguration,
        cards: Sequence[str] = (),
        learning_rate: float | None = None,
        former: Policy | None = None,
    ) -> None:
        self._agents, self._all = agents, np.arange(agents)
        self._rate = learning_rate or RATE
        self._table = Table(agents, configuration, any(cards))
        self._former = Former(former, agents) if former else None
        if self._former:
            self._table.take_over(self._former.rows, self._former.frequency, self._former.documents)
        self._bias = np.zeros(agents, dtype=np.float32)
        self._bias_squares = np.ones(agents, dtype=np.float32)
        self._matching = Matching(agents)
        self._exclusivity = Exclusivity(agents)
        self._cards = {place: text for place, text in enumerate(cards) if text}
        self._write_cards()

    @property
    def queries(self) -> int:
        """How many queries have been counted."""
        return self._table.queries

    @property
    def exclusivity(self) -> float:
        """How far one agent's success speaks against the others, in [0, 1]."""
        return self._exclusivity.strength

    def judge(
        self, features: DecisionFeatures, candidates: Places | None = None, *, count: bool = False
    ) -> Judgement:
        """Scores and expected rewards of the candidates, by default all agents.

        `count` takes the query into account in how rare its words are: once for each that is learned from.
        """
        query = self._table.query(features, count=count)
        if count and self._cards and self.queries >= _CARDS_ANEW * self._cards_at:
            self._write_cards()
        products = self._table.times(query)
        scores = products.weights + self._matching.scores(products.prototypes, products.cards)
        scores += self._bias
        said = None
        if self._former:
            said = self._former.features(query, count=count)
            scores += self._former.scores(said)
        if candidates is None:
            candidates = self._all
        else:
            scores = scores[candidates]
        return Judgement(query, candidates, scores, expectation(scores, self.exclusivity), products, said)

    def learn(self, judgement: Judgement, place: int, reward: float, weight: float = 1.0) -> None:
        """Learn the reward in [0, 1] of the candidate at `place`; the judgement is of the present model.

        `weight` in [0, 1] is how much this example counts.
        """
        values, odds, total = judgement.expected
        error = weight * (reward - float(values[place]))
        chosen = int(judgement.candidates[place])
        gradient = np.zeros(self._agents, dtype=np.float32)
        rivals = total - float(odds[place])
        if rivals > 0.0:
            spread = self.exclusivity * (1.0 if error > 0.0 else _FAILURES)
            gradient[judgement.candidates] = odds * (-spread * error / rivals)
        gradient[chosen] = error
        _, prototypes, cards = judgement.products
        self._matching.ascend(gradient, prototypes, cards)
        self._ascend(judgement, gradient, chosen)
        self._exclusivity.observe(reward, best=float(odds[place]) == 1.0, weight=weight)
        if (success := weight * reward) > 0.0:
            self._table.succeed(judgement.query, chosen, success)
            self._matching.succeed(chosen, success, float(prototypes[chosen]))

    def tensors(self) -> dict[str, NDArray[Any]]:
        """What a `signalbox.policy.Policy` of the kind `value` runs: all that is known, folded into weights."""
        self._write_cards()
        card_weight = self._matching.card_weight
        rows, weights, idf = self._table.folded(self._matching.prototype_scale(), card_weight)
        bias = self._bias + self._matching.known()
        if self._former:
            added = self._former.folded()
            weights[np.searchsorted(rows, self._former.rows)] += added.weights
            bias += added.bias
        return {
            "rows": rows.astype(np.int32),
            "weights": np.clip(weights, -_LARGEST, _LARGEST).astype(np.float16),
            "bias": bias,
            "idf": idf.astype(np.float16),
            "similarity": np.array([card_weight], dtype=np.float32),
            "exclusivity": np.array([self.exclusivity], dtype=np.float32),
        }

    def _ascend(self, judgement: Judgement, gradient: Floats, chosen: int) -> None:
        """One step for the agents whose scores are to move; always for the chosen one."""
        moved = np.abs(gradient) > _LEAST_GRADIENT
        moved[chosen] = True
        agents = moved.nonzero()[0]
        slope = gradient[agents]
        self._table.ascend(judgement.query, agents, slope, self._rate)
        if self._former and judgement.former is not None:
            self._former.ascend(judgement.former, agents, slope)
        gradient *= moved
        self._bias_squares += gradient * gradient
        self._bias += np.float32(_BIAS_RATE) * gradient / np.sqrt(self._bias_squares)

    def _write_cards(self) -> None:
        self._cards_at = self.queries
        for agent, text in self._cards.items():
            self._table.write_card(agent, text)
