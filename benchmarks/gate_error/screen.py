"""The screen on simulated logs of an epsilon-greedy champion."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from benchmarks.gate_error.logs import MODEL_AUC, log
from benchmarks.gate_error.peers import bootstrap_bound, normal_bound, normal_bound_of_looks, resamples
from benchmarks.gate_error.world import BETTER, CHAMPION, DISAGREEMENT, candidates
from benchmarks.measure import Measure
from models.gate.estimates import improvement_of, standard_error_of
from models.gate.evidence import UNKNOWN, Evidence, Floats, RewardMoments
from models.gate.rules import conclude, shown_of

EPSILONS = (0.30, 0.10, 0.05)
DECISIONS = 10_000
ERROR = 0.01
_EXPECTED = RewardMoments(CHAMPION, CHAMPION * (1.0 - CHAMPION))
_OURS = "screen"
_LOOKS = 20


def run(count: int, seeds: int) -> Iterator[Measure]:
    """Wrong promotions and power for each exploration and disagreement."""
    for epsilon in EPSILONS:
        for share in DISAGREEMENT:
            yield from _measure(count, seeds, epsilon, share)


def _measure(count: int, seeds: int, epsilon: float, share: float) -> Iterator[Measure]:
    promoted: Counter[tuple[str, bool]] = Counter()
    on_trial: Counter[bool] = Counter()
    for seed in range(seeds):
        rng = np.random.default_rng((seed, int(1000 * epsilon), int(1000 * share)))
        drawn = resamples(rng)
        for candidate in candidates(count):
            evidence = log(rng, DECISIONS, epsilon, share, candidate)
            better = candidate is BETTER
            verdict = _verdict(evidence)
            promoted[_OURS, better] += verdict == "promoted"
            on_trial[better] += verdict == "on_trial"
            for name, bound in _peers(evidence, drawn).items():
                promoted[name, better] += bound > 0.0
    each = count * seeds / 2
    names = {name for name, _ in promoted} - {_OURS}
    for measure, better in (("wrong_promotions", False), ("power", True)):
        yield Measure(
            id="gate-error",
            measure=measure,
            unit="share of candidates",
            value=promoted[_OURS, better] / each,
            better="higher" if better else "lower",
            peers={name: promoted[name, better] / each for name in sorted(names)},
            seeds=seeds,
            detail={
                "stage": "screen",
                "epsilon": epsilon,
                "disagreement": share,
                "n": DECISIONS,
                "error": ERROR,
                "candidates": int(each),
                "sent_to_trial": on_trial[better] / each,
                "model_auc": MODEL_AUC,
            },
        )


def _verdict(evidence: Evidence) -> str:
    improvement = improvement_of(evidence, _EXPECTED, ERROR)
    return conclude(improvement, standard_error_of(evidence), 0.0, shown_of(evidence), True)[0]


def _peers(evidence: Evidence, drawn: Floats) -> dict[str, float]:
    """The lower bounds of other gates, on the doubly robust values unless the name says otherwise."""
    values = _values(evidence)
    blind = replace(evidence, arms=replace(evidence.arms, belief=np.full(len(evidence.arms.row), UNKNOWN)))
    return {
        "normal": normal_bound(values, ERROR),
        f"normal_at_{_LOOKS}_looks": normal_bound_of_looks(values, ERROR, _LOOKS),
        "bootstrap": bootstrap_bound(values, ERROR, drawn),
        "betting_without_model": improvement_of(blind, _EXPECTED, ERROR).lower,
    }


def _values(evidence: Evidence) -> Floats:
    """The doubly robust difference of each decision, shape (n,)."""
    arms = evidence.arms
    residual = np.where(arms.taken, (evidence.rewards[arms.row] - arms.belief) / arms.logged, 0.0)
    return evidence.per_row(arms.difference * (arms.belief + residual))
