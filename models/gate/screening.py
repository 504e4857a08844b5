"""The screen that a candidate must pass on held-out experiences before it replaces the champion."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, structs

from models.gate.estimates import improvement_of, standard_error_of, value_of
from models.gate.evidence import Evidence, RewardModel, RewardMoments
from models.gate.gather import gather
from models.gate.rules import LEAST_SHOWN, conclude, shown_of
from models.threshold import Threshold
from signalbox.events import Estimate, Experience, Verdict, VerdictReason
from signalbox.policy import DecisionPolicy

LEAST_SAMPLES = 10
"""Fewer held-out experiences can't prove anything at the default error, whatever they are."""


class Screening(Struct, frozen=True, kw_only=True):
    """The gate's answer with its numbers; `message` is one sentence for a person.

    `promoted`: `better`. `on_trial`: `promising` (the estimate is good, the proof is missing) or
    `insufficient_evidence` (the log hardly shows what the candidate would do otherwise). `rejected`: `worse`,
    `not_proven`, or `insufficient_evidence` where not even a trial can help, or none is wanted.
    """

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
    threshold: Threshold,
    expected: RewardMoments,
    model: RewardModel | None = None,
    trials: bool = False,
    least_shown: float = LEAST_SHOWN,
) -> Screening:
    """Judge the candidate, as it would be deployed, against the champion (None: the baseline).

    It is promoted only if the lower bound of its improvement, at the error that this look may spend, exceeds
    the threshold. Given the log, the chance that a candidate which is not better by the threshold ever passes
    is at most `error` over all looks at one champion. The experiences must not have been trained on, neither by
    the candidate nor by `model`, which only makes the answer sharper. With `trials`, a candidate that may yet
    prove better on live traffic is sent there instead of being rejected. With fewer than `least_shown`
    effective samples of what the candidate would do otherwise, the log is no evidence against it.
    """
    evidence = gather(experiences, candidate, champion, model)
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
    if not evidence.second.weights.any():
        return _rejected(
            "insufficient_evidence",
            f"The {samples} held-out experiences show nothing of the champion.",
            samples,
        )
    return _judge(evidence, look, error_at(look, error), threshold, expected, trials, least_shown)


def _judge(
    evidence: Evidence,
    look: int,
    error: float,
    threshold: Threshold,
    expected: RewardMoments,
    trials: bool,
    least_shown: float,
) -> Screening:
    improvement = improvement_of(evidence, expected, error)
    champion = value_of(evidence.reversed(), expected, error)
    candidate = value_of(evidence, expected, error)
    # The champion's own log says more of it than of the candidate, so the candidate is measured from there.
    value = min(max(champion.value + improvement.value, 0.0), 1.0)
    candidate = structs.replace(candidate, value=value)
    needed = threshold.above(champion.value)
    verdict, reason, opening = conclude(
        improvement, standard_error_of(evidence), needed, shown_of(evidence), trials, least_shown
    )
    numbers = (
        f"the candidate earns {candidate.value:.3f} and the champion {champion.value:.3f}; the improvement is"
        f" at least {improvement.lower:+.3f} and must exceed {needed:+.3f}"
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
        threshold=needed,
    )


def _rejected(reason: VerdictReason, message: str, samples: int) -> Screening:
    return Screening(verdict="rejected", reason=reason, message=message, samples=samples)
