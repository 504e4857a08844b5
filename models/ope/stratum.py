"""What is known of the mean reward in one stratum: draws from a posterior on a small sample."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_COARSE = np.linspace(-8.0, 8.0, 33)
_FINE = 65
_NEGLIGIBLE = 1e-6
"""Of the greatest density; the second, finer grid of shifts lies where the first has more than this."""
_SAMPLES_BEFORE_DISPERSION = 10.0
"""So many effective samples weigh as much as the assumption that rewards vary as much as they could."""


def draw_means(
    offsets: Floats,
    rewards: Floats,
    counts: Floats,
    *,
    prior: float,
    graded: bool,
    draws: int,
    rng: np.random.Generator,
) -> Floats:
    """Draws of a stratum's mean reward, shape (draws,), under the prior Beta(`prior`, `prior`).

    Of its n >= 1 contexts: `offsets` are the logits of the predicted rewards, `rewards` the logged ones and
    `counts` how many effective samples each of these is. The shift of the logits has the quasi-likelihood
    sum(count (reward log p + (1 - reward) log(1 - p))). `graded`: rewards are not only 0 and 1.
    """
    heard = np.flatnonzero(counts)
    dispersion = 1.0
    shifts = _COARSE
    for _ in range(2):
        odds = np.exp(offsets[:, None] + shifts)
        means = (odds / (1.0 + odds)).mean(axis=0)
        likelihood = (counts * rewards) @ (offsets[:, None] + shifts) - counts[heard] @ np.log1p(odds[heard])
        best = int(likelihood.argmax())
        expected = odds[:, best] / (1.0 + odds[:, best])
        if graded:
            dispersion = _dispersion(expected[heard], rewards[heard], counts[heard])
        # The prior is one of the mean, so a step of the mean counts, not one of the shift.
        steps = np.gradient(means, shifts) * (means * (1.0 - means)) ** (prior - 1.0)
        density = np.exp((likelihood - likelihood[best]) / dispersion) * steps
        likely = np.flatnonzero(density > _NEGLIGIBLE * density.max())
        margin = shifts[1] - shifts[0]
        shifts = np.linspace(shifts[likely[0]] - margin, shifts[likely[-1]] + margin, _FINE)
    below = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2.0)])
    # One draw from each of equally probable slices: less noise than independent draws.
    places = (rng.permutation(draws) + 0.5) / draws
    # The contexts are a sample, too: others would have another mean under the same shift.
    noise = expected.std() / np.sqrt(len(offsets)) * rng.standard_normal(draws)
    drawn: Floats = np.clip(np.interp(places * below[-1], below, means) + noise, 0.0, 1.0)
    return drawn


def _dispersion(expected: Floats, rewards: Floats, counts: Floats) -> float:
    """The variance of graded rewards as a share of what it would be if they were 0 or 1; in (0, 1].

    Pearson's statistic (McCullagh and Nelder, "Generalized linear models", 1989, section 4.5), shrunk to 1.
    """
    pearson = float(counts @ ((rewards - expected) ** 2 / (expected * (1.0 - expected) + 1e-9)))
    prior = _SAMPLES_BEFORE_DISPERSION
    return min((pearson + prior) / (float(counts.sum()) + prior), 1.0)
