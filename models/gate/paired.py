"""Compare two programs where the right answers are known: no propensities, both are judged on every row.

Where the right answer of a row is known, what either program would have earned on it is known, too. Both are
scored on the same rows, and the mean of the differences is bounded by betting, as in the screen.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.betting import Bettor, lower_bound
from models.gate.screening import LEAST_SAMPLES, Screening, error_at
from models.threshold import Threshold
from signalbox.events import Estimate, Verdict, VerdictReason

Floats = NDArray[np.float64]

_EXPECTED_SQUARE = 0.25
"""Of a difference, as a start: a fourth of the rows get another answer."""
_STAKES = (0.5, 1.0)
"""Multiples of the stake that would be best then; the bolder bettor is for few rows and large differences."""
_LARGEST_STAKE = 0.95


def compare(candidate: Floats, champion: Floats, *, look: int, error: float, threshold: Threshold) -> Screening:
    """The candidate's scores against the champion's, both of shape (n,) in [0, 1], on the same n rows.

    None of the rows may have been learned from. The chance that a candidate which is not better by the
    threshold ever passes is at most `error` over all looks.
    """
    samples = len(candidate)
    if samples < LEAST_SAMPLES:
        message = f"{samples} held-out rows; at least {LEAST_SAMPLES} are needed."
        return Screening(verdict="rejected", reason="insufficient_evidence", message=message, samples=samples)
    spent = error_at(look, error)
    improvement = _difference(candidate - champion, spent)
    before, after = _value(champion, spent), _value(candidate, spent)
    needed = threshold.above(before.value)
    verdict, reason, opening = _conclude(improvement, needed)
    return Screening(
        verdict=verdict,
        reason=reason,
        message=(
            f"{opening}: {after.value:.3f} after and {before.value:.3f} before, on {samples} held-out rows; the"
            f" improvement is at least {improvement.lower:+.3f} and must exceed {needed:+.3f}."
        ),
        samples=samples,
        candidate=after,
        champion=before,
        improvement=improvement,
        threshold=needed,
    )


def _conclude(improvement: Estimate, needed: float) -> tuple[Verdict, VerdictReason, str]:
    if improvement.lower > needed:
        return "promoted", "better", "Proven better"
    if improvement.upper < min(needed, 0.0):
        return "rejected", "worse", "Proven worse"
    return "rejected", "not_proven", "Not proven better"


def _difference(values: Floats, error: float) -> Estimate:
    return _estimate(values, _at_least(values, error), -_at_least(-values, error))


def _value(scores: Floats, error: float) -> Estimate:
    lower, upper = _at_least(scores, error), -_at_least(-scores, error)
    return _estimate(scores, max(lower, 0.0), min(upper, 1.0))


def _at_least(values: Floats, error: float) -> float:
    best = float(np.sqrt(-2.0 * np.log(error) / (len(values) * _EXPECTED_SQUARE)))
    bettors = []
    for multiple in _STAKES:
        stake = min(best * multiple, _LARGEST_STAKE)
        stakes, counts = np.full(len(values), stake), np.ones(len(values))
        bettors.append(Bettor(values, counts, stakes, depth=stake, money=1.0 / len(_STAKES)))
    return lower_bound(bettors, error)


def _estimate(values: Floats, lower: float, upper: float) -> Estimate:
    return Estimate(
        value=float(values.mean()),
        lower=lower,
        upper=upper,
        samples=len(values),
        effective_samples=float(len(values)),
        largest_weight=1.0,
    )
