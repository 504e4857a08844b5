"""What follows from the bounds of an improvement."""

from __future__ import annotations

import numpy as np

from models.gate.evidence import Evidence
from signalbox.events import Estimate, Verdict, VerdictReason

LEAST_SHOWN = 10.0
"""With fewer effective samples of what the candidate would do otherwise, the log can't call it no good."""
LEAST_SEEN = 100
"""Held-out experiences after which a log that shows so little is expected to go on like that."""
PROMISING = 1.0
"""Standard errors by which an estimate must exceed the threshold to be worth a trial, which keeps the next
candidate waiting. The distance from the lower bound says nothing of it: where hardly anything is explored, the
bound must allow for what the log doesn't show, however exact the estimate."""


def conclude(
    improvement: Estimate,
    standard_error: float,
    needed: float,
    shown: float,
    trials: bool,
    least_shown: float = LEAST_SHOWN,
) -> tuple[Verdict, VerdictReason, str]:
    """Verdict, reason and the words for it, from the improvement's bounds, both in reward per decision.

    `standard_error` is the estimate's, which decides on a trial and never on a promotion. `needed` is what must
    be exceeded, `shown` how many effective samples the log has of the candidate's ways, of which it should have
    `least_shown`.
    """
    if improvement.lower > needed:
        return "promoted", "better", "Proven better"
    if improvement.upper < min(needed, 0.0):
        return "rejected", "worse", "Proven worse"
    if improvement.upper <= needed:
        return "rejected", "not_proven", "Surely not better by the threshold"
    # Of what was never shown an estimate is the reward model's word alone, and its standard error too small.
    if trials and shown >= 1.0 and improvement.value - needed > PROMISING * standard_error:
        return "on_trial", "promising", "Promising, but not proven better"
    if shown < least_shown:
        opening = f"The log shows only {shown:.1f} effective samples of what it would do otherwise"
        wanted = trials and improvement.samples >= LEAST_SEEN
        return "on_trial" if wanted else "rejected", "insufficient_evidence", opening
    return "rejected", "not_proven", "Not proven better"


def shown_of(evidence: Evidence) -> float:
    """The effective number (Kish, 1965) of experiences in which the log took what the first policy prefers."""
    weights = np.maximum(evidence.first.weights - evidence.second.weights, 0.0)
    squares = float(weights @ weights)
    return float(weights.sum()) ** 2 / squares if squares > 0.0 else 0.0
