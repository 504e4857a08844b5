"""What a query and an agent have in common, apart from the agent's own weights: three features for all agents.

One weight each, shared by all agents, so that every decision teaches something about every agent, one that was
never chosen included. The features are the cosine of the query and the agent's card; that of the query and the
sum of the queries at which the agent was successful (Rocchio's prototype); and whether it was ever successful.
With the last two the model learns that an agent which is good at something else is a bad bet on a new kind of
query, and an untried one a better bet. Both fade as an agent's own weights come to know more.
"""

from __future__ import annotations

import math

import numpy as np

from models.examples import Floats

_FIRST_WEIGHTS = (8.0, 5.0, -1.0)
_RATE = 0.5
_FADING = 300.0
"""Successes after which the prototype counts for half."""
_FIRST_SUCCESSES = 30.0
"""Successes after which an agent is half known to be good at something."""
_SMOOTHING = 0.1
"""Added to a prototype's squared norm, so that its cosine grows from 0."""


class Matching:
    """The three shared weights, learned by AdaGrad, and what is known of each agent's successes."""

    def __init__(self, agents: int) -> None:
        self.card_weight, self.prototype_weight, self.known_weight = _FIRST_WEIGHTS
        self._squares = [1.0, 1.0, 1.0]
        self._successes = [0.0] * agents
        self._norms = [0.0] * agents
        self._scale = np.full(agents, 1.0 / math.sqrt(_SMOOTHING), dtype=np.float32)
        self._known = np.zeros(agents, dtype=np.float32)

    def scores(self, prototypes: Floats, cards: Floats | None) -> Floats:
        """The shared part of the scores (agents,), from the query's products with prototypes and cards."""
        scores = prototypes * self.prototype_scale()
        scores += self.known()
        if cards is not None:
            scores += np.float32(self.card_weight) * cards
        return scores

    def prototype_scale(self) -> Floats:
        """What a product with a prototype adds to the score, by agent."""
        return self._scale * np.float32(self.prototype_weight)

    def known(self) -> Floats:
        """What having been successful adds to the score, by agent."""
        return self._known * np.float32(self.known_weight)

    def ascend(self, gradient: Floats, prototypes: Floats, cards: Floats | None) -> None:
        """One step along the gradient with respect to the scores; all arrays are of shape (agents,)."""
        if cards is not None:
            self.card_weight += self._step(0, float(gradient @ cards))
        self.prototype_weight += self._step(1, float(gradient @ (prototypes * self._scale)))
        self.known_weight += self._step(2, float(gradient @ self._known))

    def succeed(self, agent: int, reward: float, product: float) -> None:
        """The prototype gets `reward` times a query of norm 1, with which it has this product."""
        self._norms[agent] += 2.0 * reward * product + reward * reward
        self._successes[agent] += reward
        successes = self._successes[agent]
        fading = _FADING / (_FADING + successes)
        self._scale[agent] = fading / math.sqrt(self._norms[agent] + _SMOOTHING)
        self._known[agent] = fading * successes / (successes + _FIRST_SUCCESSES)

    def _step(self, feature: int, slope: float) -> float:
        self._squares[feature] += slope * slope
        return _RATE * slope / math.sqrt(self._squares[feature])
