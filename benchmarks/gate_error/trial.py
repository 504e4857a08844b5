"""The trial on simulated live traffic."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from statistics import median

import numpy as np

from benchmarks.gate_error.world import (
    BETTER,
    CHAMPION,
    DISAGREEMENT,
    Candidate,
    Floats,
    candidates,
    disagreements,
)
from benchmarks.measure import Measure
from models.threshold import Threshold
from models.trial import TrialLimits, TrialUnit, TrialVerdict, judge_trial
from models.trial.bets import WORSE_ERROR, bettors

DECISIONS = 5_000
ERROR = 0.01
_EPSILON = 0.05
"""The exploration of both policies, which a trial keeps; it needs none itself."""
_AGENTS = 10
_NOW_AND_THEN = 20
_SURELY = 1e-3
"""What the logarithm of a fortune must exceed the needed one by, as bounds are found by bisection."""


def run(count: int, seeds: int) -> Iterator[Measure]:
    """Wrong promotions, power and the median number of decisions until a better candidate is promoted."""
    for share in DISAGREEMENT:
        ended: dict[bool, list[TrialVerdict]] = {True: [], False: []}
        for seed in range(seeds):
            rng = np.random.default_rng((seed, int(1000 * share)))
            for candidate in candidates(count):
                ended[candidate is BETTER].append(_trial(rng, share, candidate))
        yield from _measures(ended, seeds, share)


def _measures(ended: dict[bool, list[TrialVerdict]], seeds: int, share: float) -> Iterator[Measure]:
    promoted = {
        better: [verdict.progress.decisions for verdict in verdicts if verdict.verdict == "promoted"]
        for better, verdicts in ended.items()
    }
    rates = {better: len(promoted[better]) / len(ended[better]) for better in ended}
    harm = {better: float(np.mean([verdict.harm for verdict in ended[better]])) for better in ended}
    reasons = {better: dict(Counter(verdict.reason for verdict in ended[better])) for better in ended}
    for measure, unit, value, better in (
        ("wrong_promotions", "share of candidates", rates[False], False),
        ("power", "share of candidates", rates[True], True),
        ("median_decisions", "decisions", median(promoted[True]), True),
    ):
        yield Measure(
            id="gate-error",
            measure=measure,
            unit=unit,
            value=value,
            better="higher" if measure == "power" else "lower",
            seeds=seeds,
            detail={
                "stage": "trial",
                "epsilon": _EPSILON,
                "disagreement": share,
                "n": DECISIONS,
                "error": ERROR,
                "candidates": len(ended[better]),
                "ended": reasons[better],
                "mean_harm": round(harm[better], 2),
            },
        )


def _trial(rng: np.random.Generator, share: float, candidate: Candidate) -> TrialVerdict:
    """The verdict at the first decision after which there is one."""
    apart, earned = disagreements(rng, DECISIONS, share, candidate)
    rare, often = _EPSILON / _AGENTS, 1.0 - _EPSILON + _EPSILON / _AGENTS
    places = np.flatnonzero(apart)
    # The candidate's agent, the champion's, or one of the others, whom both would explore alike.
    drawn = rng.choice(3, len(places), p=[(often + rare) / 2, (often + rare) / 2, 1.0 - often - rare])
    rewards = np.choose(drawn, [earned.candidate, earned.champion, 0.0])
    mine, other = np.array([often, rare, rare])[drawn], np.array([rare, often, rare])[drawn]
    units = [
        TrialUnit(*unit)
        for unit in zip(
            rewards.tolist(),
            other.tolist(),
            mine.tolist(),
            ((mine + other) / 2).tolist(),
            strict=True,
        )
    ]
    differences = 2.0 * (mine - other) / (mine + other)
    for count in _looks(differences, rewards):
        verdict = _judge(units[:count], int(places[count - 1]) + 1)
        if verdict.verdict != "on_trial":
            return verdict
    return _judge(units, DECISIONS)


def _looks(differences: Floats, rewards: Floats) -> list[int]:
    """After which numbers of units to judge: every now and then, and when a bet on either is first won.

    So it is as if every decision was followed by a judgement, at a fraction of the cost.
    """
    up = _first_win(differences, rewards, ERROR)
    down = _first_win(-differences, rewards, WORSE_ERROR)
    return sorted({up, down, *range(_NOW_AND_THEN, len(rewards) + 1, _NOW_AND_THEN)} - {0})


def _first_win(differences: Floats, rewards: Floats, error: float) -> int:
    """The number of units after which the bettors first have 1 / `error`; 0 if never."""
    paths = [
        np.log(bettor.money) + np.log1p(bettor.stakes * bettor.values)[:-1].cumsum()
        for bettor in bettors(differences, rewards, 0, 0.5)
    ]
    won = np.logaddexp.reduce(paths) >= -np.log(error) + _SURELY
    return int(won.argmax()) + 1 if won.any() else 0


def _judge(units: list[TrialUnit], decisions: int) -> TrialVerdict:
    limits = TrialLimits(decisions=DECISIONS)
    return judge_trial(units, decisions, float(decisions), limits, Threshold(kind="zero"), CHAMPION, ERROR)
