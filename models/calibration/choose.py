"""Which map makes a policy's confidence come true, as held-out rewards say."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from models.calibration.maps import apply, identity, isotonic, platt
from models.calibration.measures import Floats, brier, confidence_accuracy, ece
from signalbox.policy.calibration import Calibration

Fit = Callable[[Floats, Floats], Calibration]

LEAST_SAMPLES = 50
"""With fewer, a map would say more about chance than about the policy."""
_FOLDS = 5


def fit_calibration(confidence: Floats, rewards: Floats) -> Calibration | None:
    """The best map of confidences (n,) to rewards (n,), both in [0, 1]; None where nothing can be said.

    The methods are compared by their cross-validated Brier score; the errors in the result are cross-validated
    too. Experience i is judged by a map that didn't see it: folds are every fifth, so the order should say
    nothing.
    """
    if len(confidence) < LEAST_SAMPLES or rewards.min() == rewards.max():
        return None
    methods: tuple[Fit, ...] = (identity, platt, isotonic)
    judged = [_cross_validated(fit, confidence, rewards) for fit in methods]
    best = min(range(len(methods)), key=lambda place: brier(judged[place], rewards))
    chosen = methods[best](confidence, rewards)
    return Calibration(
        method=chosen.method,
        inputs=chosen.inputs,
        outputs=chosen.outputs,
        samples=len(confidence),
        ece_before=ece(confidence, rewards),
        ece_after=ece(judged[best], rewards),
        brier_before=brier(confidence, rewards),
        brier_after=brier(judged[best], rewards),
        accuracy=confidence_accuracy(confidence, rewards),
    )


def _cross_validated(fit: Fit, confidence: Floats, rewards: Floats) -> Floats:
    result = np.empty_like(confidence)
    folds = np.arange(len(confidence)) % _FOLDS
    for fold in range(_FOLDS):
        shown = folds != fold
        result[~shown] = apply(fit(confidence[shown], rewards[shown]), confidence[~shown])
    return result
