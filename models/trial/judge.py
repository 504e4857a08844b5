"""The trial's answer so far."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.threshold import Threshold
from models.trial.bets import bounds
from models.trial.rules import hopeless, proven, stopped
from models.trial.units import Columns, TrialUnit, problem_with
from models.trial.verdict import TrialLimits, TrialVerdict
from signalbox.events import Estimate, TrialProgress


def judge_trial(
    units: Sequence[TrialUnit],
    decisions: int,
    elapsed_s: float,
    limits: TrialLimits,
    threshold: Threshold,
    champion_value: float,
    error: float,
    share: float = 0.5,
) -> TrialVerdict:
    """Judge a trial of so many `decisions` with known rewards, of which `units` are those with disagreement.

    It may be asked after every decision, and with the units in any order: the chance that a candidate which is
    not better by the threshold is ever promoted is at most `error`. `champion_value`, the champion's mean
    reward on all decisions, turns a relative threshold into an improvement; keep it fixed during a trial.
    `share` is that of the candidate in the draws.
    """
    columns = Columns.of(units)
    problem = problem_with(columns, decisions, champion_value, share)
    if problem:
        progress = TrialProgress(decisions=max(decisions, 0), disagreements=len(units), seconds=elapsed_s)
        return TrialVerdict(verdict="rejected", reason="invalid", message=problem, progress=progress)
    progress = TrialProgress(
        decisions=decisions,
        disagreements=len(units),
        seconds=elapsed_s,
        candidate_reward=columns.mean_reward(columns.candidate),
        champion_reward=columns.mean_reward(columns.champion),
    )
    needed, harm = threshold.above(champion_value), columns.harm()
    improvement = _improvement(columns, progress, share, error)
    verdict, reason, opening = (
        proven(columns, improvement, needed)
        or stopped(progress, harm, limits)
        or hopeless(improvement, needed, progress.decisions / limits.decisions)
        or ("on_trial", "undecided", "The trial goes on")
    )
    return TrialVerdict(
        verdict=verdict,
        reason=reason,
        message=f"{opening}: {_numbers(progress, improvement, needed)}",
        progress=progress,
        improvement=improvement,
        threshold=needed,
        harm=harm,
    )


def _improvement(columns: Columns, progress: TrialProgress, share: float, error: float) -> Estimate:
    differences = columns.differences
    agreements = progress.decisions - progress.disagreements
    lower, upper = bounds(differences, columns.rewards, agreements, share, error)
    candidate, champion = progress.candidate_reward, progress.champion_reward
    value = candidate - champion if candidate is not None and champion is not None else 0.0
    weights = np.abs(differences)
    squares = float(weights @ weights)
    return Estimate(
        value=value * progress.disagreements / max(progress.decisions, 1),
        lower=lower,
        upper=upper,
        samples=progress.disagreements,
        effective_samples=float(weights.sum()) ** 2 / squares if squares else 0.0,
        largest_weight=float(weights.max(initial=0.0)),
        overlap=1.0,
    )


def _numbers(progress: TrialProgress, improvement: Estimate, needed: float) -> str:
    if progress.candidate_reward is None or progress.champion_reward is None:
        earned = "too rarely to compare the rewards"
    else:
        earned = (
            f"where the candidate earns {progress.candidate_reward:.3f}"
            f" and the champion {progress.champion_reward:.3f}"
        )
    return (
        f"in {progress.decisions} decisions the two disagreed {progress.disagreements} times, {earned}; the"
        f" improvement is between {improvement.lower:+.3f} and {improvement.upper:+.3f} a decision and must"
        f" exceed {needed:+.3f}."
    )
