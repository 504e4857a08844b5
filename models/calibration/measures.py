"""How far confidence is from what came true."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def ece(confidence: Floats, rewards: Floats, bins: int = 10) -> float:
    """Expected calibration error: the mean gap between confidence and reward over equally full bins.

    Naeini, Cooper and Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning", 2015; with
    bins of equal count, so that no bin's gap is the noise of a handful.
    """
    order = np.argsort(confidence, kind="stable")
    gaps = [
        abs(float(confidence[part].mean() - rewards[part].mean())) * len(part)
        for part in np.array_split(order, bins)
        if len(part)
    ]
    return sum(gaps) / len(confidence)


def brier(confidence: Floats, rewards: Floats) -> float:
    """The mean squared difference of confidence and reward (Brier, 1950)."""
    return float(np.mean((confidence - rewards) ** 2))


def confidence_accuracy(confidence: Floats, rewards: Floats) -> float:
    """The specification's measure: the correlation of confidence and reward, 0 where negative or unknown."""
    if len(confidence) < 2 or np.ptp(confidence) == 0.0 or np.ptp(rewards) == 0.0:
        return 0.0
    return max(0.0, float(np.corrcoef(confidence, rewards)[0, 1]))
