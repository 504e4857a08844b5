"""What two policies earn by the evidence of a log, with bounds that keep their promise."""

from __future__ import annotations

import math

import numpy as np

from models.betting import Bettor, Floats, lower_bound
from models.gate.bets import bettors_on
from models.gate.evidence import Evidence, RewardMoments
from models.ope import Overlap
from signalbox.events import Estimate

_STAKES = (0.5, 1.0, 2.0)
"""Multiples of the stake that would be best if the values' second moment were as expected."""
_LARGEST_STAKE = 0.95
_LEAST_SQUARE = 1e-6


def value_of(evidence: Evidence, expected: RewardMoments, error: float) -> Estimate:
    """What the first policy earns, by the self-normalised doubly robust estimator, within [0, 1].

    The weighted rewards bound it from below and the weighted failures from above; what the log could not show
    is taken to earn nothing, or everything. Without a model the estimate is SNIPS; without any weight, it is
    what the model says.
    """
    weights, moment = evidence.first.weights, float(evidence.first.moment.mean())
    total = float(weights.sum())
    residual = float(weights @ (evidence.rewards - evidence.belief)) / total if total > 0.0 else 0.0
    value = float(evidence.first.direct.mean()) + residual
    success = expected.variance + expected.mean**2
    failure = expected.variance + (1.0 - expected.mean) ** 2
    earned = _at_least(weights * evidence.rewards, moment * success, error)
    forgone = _at_least(weights * (1.0 - evidence.rewards), moment * failure, error)
    bounds = max(earned, 0.0), 1.0 - max(forgone, 0.0)
    return _estimate(min(max(value, 0.0), 1.0), *bounds, weights, evidence.first.missing)


def improvement_of(evidence: Evidence, expected: RewardMoments, error: float) -> Estimate:
    """By how much the first policy earns more than the second, by the doubly robust difference.

    It is not self-normalised: decisions on which the two agree cancel exactly, and a candidate of which the log
    shows only these is not taken to do as well on the others.
    """
    difference = evidence.first.weights - evidence.second.weights
    value, weights = min(max(float(_differences(evidence).mean()), -1.0), 1.0), np.abs(difference)
    # Half of it, because what one of the two does more, the other does less.
    hidden = (evidence.first.hidden + evidence.second.hidden) / 2.0
    if not len(evidence.arms.row) and not hidden.any():
        return _estimate(value, 0.0, 0.0, weights, hidden)
    needed = -float(np.log(error))
    lower = lower_bound(bettors_on(evidence, expected, needed), error)
    upper = -lower_bound(bettors_on(evidence.reversed(), expected, needed), error)
    return _estimate(value, lower, upper, weights, hidden)


def standard_error_of(evidence: Evidence) -> float:
    """The standard error of the improvement's estimate, as the log shows it.

    It lacks the rare values that a log may not hold, so no bound follows from it.
    """
    return float(_differences(evidence).std()) / math.sqrt(len(evidence))


def _differences(evidence: Evidence) -> Floats:
    """The doubly robust difference of each experience, shape (n,)."""
    weights = evidence.first.weights - evidence.second.weights
    direct = evidence.first.direct - evidence.second.direct
    result: Floats = direct + weights * (evidence.rewards - evidence.belief)
    return result


def _at_least(values: Floats, moment: float, error: float) -> float:
    """A lower bound on the mean of values >= 0 (n,), whose mean square is about `moment`."""
    best = np.sqrt(-2.0 * np.log(error) / (len(values) * max(moment, _LEAST_SQUARE)))
    counts = np.ones(len(values))
    bettors = []
    for multiple in _STAKES:
        stake = float(min(best * multiple, _LARGEST_STAKE))
        bettors.append(Bettor(values, counts, np.full(len(values), stake), 0.0, 1.0 / len(_STAKES)))
    return lower_bound(bettors, error)


def _estimate(value: float, lower: float, upper: float, weights: Floats, missing: Floats) -> Estimate:
    overlap = Overlap()
    for weight, unseen in zip(weights.tolist(), missing.tolist(), strict=True):
        overlap.add(weight, unseen)
    return Estimate(
        value=value,
        lower=lower,
        upper=upper,
        samples=overlap.count,
        effective_samples=overlap.effective_samples,
        largest_weight=overlap.largest_weight,
        overlap=min(max(overlap.support, 0.0), 1.0),
    )
