"""What GRPO ascends: clipped importance ratios times advantages, minus a divergence from the champion.

Learning from a log instead of from fresh samples changes two things. The ratio is taken against the *logged*
propensity, which is small where the log explored; a ratio beyond the clip keeps its gradient with the weight of
the clip, as a truncated importance weight does (Ionides, "Truncated importance sampling", 2008), instead of
losing it as in PPO, or nearly every explored success would be lost. And a success that the policy finds
unlikely weighs at least `LEAST_WEIGHT`, or a champion that is surely wrong could never be unlearned.
"""

from __future__ import annotations

import numpy as np

from models.configuration import TrainingConfiguration
from models.examples import Examples, Floats, Places

LEAST_WEIGHT = 0.5
_INELIGIBLE = np.float32(-1e9)
"""The score of an agent that was no candidate: its probability is exactly 0, its logarithm finite."""


class Objective:
    """The objective's gradient for a mini-batch; `reference` holds the champion's scores (n, agents)."""

    def __init__(
        self, examples: Examples, advantage: Floats, reference: Floats, configuration: TrainingConfiguration
    ) -> None:
        self._examples = examples
        self._advantage = advantage
        self._reference = log_softmax(np.where(examples.eligible, reference, _INELIGIBLE))
        self._clip, self._kl = np.float32(configuration.clip), np.float32(configuration.kl)

    def gradient(self, batch: Places, scores: Floats) -> Floats:
        """The gradient with respect to the batch's scores, both of shape (batch, agents).

        For one experience it is w A (e - p) - kl p (d - sum(p d)) with the distribution p, the chosen agent's
        unit vector e, the advantage A, the clipped ratio w and d = ln p - ln p_champion.
        """
        log_p = log_softmax(np.where(self._examples.eligible[batch], scores, _INELIGIBLE))
        p = np.exp(log_p)
        difference = log_p - self._reference[batch]
        divergence = np.einsum("na,na->n", p, difference)
        places, chosen = np.arange(len(batch)), self._examples.chosen[batch]
        weight = self.weight(p[places, chosen], batch) * self._advantage[batch]
        gradient: Floats = -(weight[:, None] + self._kl * (difference - divergence[:, None])) * p
        gradient[places, chosen] += weight
        return gradient

    def weight(self, probability: Floats, batch: Places) -> Floats:
        """The clipped ratio of the chosen agents' probability to the logged propensity, shape (batch,)."""
        ratio = np.minimum(probability / self._examples.propensities[batch], self._clip)
        floor = np.where(self._advantage[batch] > 0.0, LEAST_WEIGHT, 0.0)
        return np.maximum(ratio, floor).astype(np.float32)


def log_softmax(scores: Floats) -> Floats:
    """Logarithms of the softmax of each row."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    result: Floats = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return result
