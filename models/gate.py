"""The screen that a candidate must pass on held-out experiences before it replaces the champion."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from models.bounds import lower_bound
from models.evidence import Evidence, RewardMoments, gather
from models.ope import Overlap, Snips
from signalbox.events import Estimate, Experience, Verdict, VerdictReason
from signalbox.policy import DecisionPolicy

LEAST_SAMPLES = 10
"""Fewer held-out experiences can't prove anything at the default error, whatever they are."""


class Screening(Struct, frozen=True, kw_only=True):
    """The gate's answer with its numbers; `message` is one sentence for a person."""

    verdict: Verdict
    reason: VerdictReason
    message: str
    samples: int
    candidate: Estimate | None = None
    champion: Estimate | None = None
    improvement: Estimate | None = None
    threshold: float | None = None

    def estimates(self) -> dict[str, Estimate]:
        """Those that were made, by name."""
        named = {"candidate": self.candidate, "champion": self.champion, "improvement": self.improvement}
        return {name: estimate for name, estimate in named.items() if estimate is not None}


def error_at(look: int, error: float) -> float:
    """The share of `error` that look number `look` (from 1) may spend: the shares of all looks sum to it."""
    return error / (look * (look + 1.0))


def screen(
    experiences: Sequence[Experience],
    candidate: DecisionPolicy,
    champion: DecisionPolicy | None,
    *,
    look: int,
    error: float,
    threshold_share: float,
    expected: RewardMoments,
) -> Screening:
    """Judge the candidate, as it would be deployed, against the champion (None: the baseline).

    It is promoted only if the lower bound of its improvement, at the error that this look may spend, exceeds
    `threshold_share` times the champion's value. Given the log, the chance that a candidate which is no better
    ever passes is at most `error` over all looks at one champion. Experiences must not have been trained on.
    """
    evidence = gather(experiences, candidate, champion)
    samples = len(evidence)
    if samples < LEAST_SAMPLES:
        return _rejected(
            "insufficient_evidence",
            f"{samples} of {len(experiences)} held-out experiences carry their probabilities; "
            f"at least {LEAST_SAMPLES} are needed.",
            samples,
        )
    if evidence.rewards.min() == evidence.rewards.max():
        return _rejected(
            "not_proven",
            f"All {samples} held-out rewards are {evidence.rewards[0]:g}, so no policy can be better.",
            samples,
        )
    share = error_at(look, error)
    return _judge(evidence, look, threshold_share, share, expected)


def _judge(
    evidence: Evidence, look: int, threshold_share: float, error: float, expected: RewardMoments
) -> Screening:
    candidate = _value(evidence, expected, error)
    champion = _value(evidence.reversed(), expected, error)
    if not (np.isfinite(candidate.value) and np.isfinite(champion.value)):
        return _rejected("insufficient_evidence", "The log shows nothing of one policy.", len(evidence))
    improvement = _improvement(evidence, candidate.value - champion.value, expected, error)
    threshold = threshold_share * champion.value
    verdict: Verdict = "rejected"
    reason: VerdictReason = "not_proven"
    opening = "Not proven better"
    if improvement.lower > max(threshold, 0.0):
        verdict, reason, opening = "promoted", "better", "Proven better"
    elif improvement.upper < 0.0:
        reason, opening = "worse", "Proven worse"
    numbers = (
        f"the candidate earns {candidate.value:.3f} and the champion {champion.value:.3f}; the improvement is"
        f" at least {improvement.lower:+.3f} and must exceed {threshold:+.3f}"
        f" (look {look}, {len(evidence)} held-out experiences)."
    )
    return Screening(
        verdict=verdict,
        reason=reason,
        message=f"{opening}: {numbers}",
        samples=len(evidence),
        candidate=candidate,
        champion=champion,
        improvement=improvement,
        threshold=threshold,
    )


def _rejected(reason: VerdictReason, message: str, samples: int) -> Screening:
    return Screening(verdict="rejected", reason=reason, message=message, samples=samples)


def _value(evidence: Evidence, expected: RewardMoments, error: float) -> Estimate:
    """The first policy's value by SNIPS; failures, weighted in the same way, bound it from above."""
    snips, overlap = Snips(), Overlap()
    for weight, reward in zip(evidence.first.tolist(), evidence.rewards.tolist(), strict=True):
        snips.add(weight, reward)
        overlap.add(weight)
    return Estimate(
        value=snips.get(),
        lower=max(lower_bound([evidence.earned(expected)], error), 0.0),
        upper=1.0 - max(lower_bound([evidence.forgone(expected)], error), 0.0),
        samples=overlap.count,
        effective_samples=overlap.effective_samples,
        largest_weight=overlap.largest_weight,
    )


def _improvement(evidence: Evidence, value: float, expected: RewardMoments, error: float) -> Estimate:
    overlap = Overlap()
    for weight in np.abs(evidence.first - evidence.second).tolist():
        overlap.add(weight)
    above, below = evidence.wagers(expected), evidence.reversed().wagers(expected)
    return Estimate(
        value=value,
        lower=lower_bound(above, error) if above else 0.0,
        upper=-lower_bound(below, error) if below else 0.0,
        samples=overlap.count,
        effective_samples=overlap.effective_samples,
        largest_weight=overlap.largest_weight,
    )
