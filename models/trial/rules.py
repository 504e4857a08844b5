"""When a trial ends, and as what."""

from __future__ import annotations

from models.trial.units import Columns
from models.trial.verdict import TrialLimits
from signalbox.events import Estimate, TrialProgress, Verdict, VerdictReason

Conclusion = tuple[Verdict, VerdictReason, str]
"""Verdict, reason, and the words for it."""
DOUBT = 0.75
"""Some two and a half standard errors, as a share of the estimate's distance from the lower bound: less than
one in 1,000 candidates that would have been proven better is given up (.6: four), and one that is as good as
the champion after half of the decisions on average."""
LEAST_UNITS = 60
"""With fewer disagreements an estimate is too rough to give a candidate up for it."""


def proven(columns: Columns, improvement: Estimate, needed: float) -> Conclusion | None:
    """What the bounds say; equal rewards say nothing."""
    if not columns.rewards_differ():
        return None
    if improvement.lower > needed:
        return "promoted", "better", "Proven better in a trial"
    if improvement.upper < min(needed, 0.0):
        return "rejected", "worse", "Proven worse in a trial"
    if improvement.upper < needed:
        return "rejected", "not_proven", "Surely not better by the threshold"
    return None


def stopped(progress: TrialProgress, harm: float, limits: TrialLimits) -> Conclusion | None:
    """Which limit is reached, `harm` being in units of reward."""
    if harm > limits.harm:
        return "rejected", "harm", f"Stopped, as it cost {harm:.1f} of reward, more than {limits.harm:g}"
    if progress.decisions >= limits.decisions:
        return "rejected", "exhausted", f"Not proven within {limits.decisions} decisions"
    if progress.seconds >= limits.seconds:
        return "rejected", "exhausted", f"Not proven within {limits.seconds:g} s"
    return None


def hopeless(improvement: Estimate, needed: float, used: float) -> Conclusion | None:
    """Whether the proof won't come any more, `used` being the share of the limit that is gone.

    The bound's distance from the estimate shrinks with the root of the decisions: at the limit, an estimate
    that is higher by `DOUBT` would still have to keep so much of it above the threshold.
    """
    if improvement.samples < LEAST_UNITS:
        return None
    distance = improvement.value - improvement.lower
    if improvement.value + DOUBT * distance >= needed + distance * used**0.5:
        return None
    return "rejected", "not_proven", "Hardly to be proven before its limit"
