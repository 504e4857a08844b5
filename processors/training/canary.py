"""Judge a canary: does it earn what was promised of it?"""

from __future__ import annotations

from collections.abc import Sequence

from models.configuration import TrainingConfiguration
from processors.training.answers import Deployed, OnTrial, TrainingAnswer, identity
from processors.training.live_reward import live_reward
from signalbox.events import (
    Estimate,
    Experience,
    OptimizationTrigger,
    TrainingResult,
    TrialProgress,
    Verdict,
    VerdictReason,
)


def judge_canary(
    trigger: OptimizationTrigger,
    experiences: Sequence[Experience],
    champion: Deployed | None,
    canary: Deployed,
    on_trial: OnTrial,
    configuration: TrainingConfiguration,
) -> TrainingAnswer:
    """End a canary that earns less than promised, beyond doubt; else let it go on until a person ends it.

    Promised is the lower bound of the estimate that the canary carries, or else what the champion (before the
    first one the baseline) has earned meanwhile.
    """
    since = [item for item in experiences if item.occurred_at >= on_trial.begun_at]
    own = [i.reward for i in since if i.decision.slot == "canary" and i.decision.policy_digest == canary.digest]
    others = [item.reward for item in since if item.decision.slot != "canary"]
    live = live_reward(own, configuration.gate_error / 2.0)
    beside = live_reward(others, configuration.gate_error / 2.0)
    estimated = canary.policy.manifest.estimates.get("candidate")
    promised = estimated.lower if estimated else beside.lower
    verdict: Verdict = "on_trial"
    reason: VerdictReason = "undecided"
    opening = "The canary goes on"
    if live.upper < promised:
        verdict, reason, opening = "rejected", "below_promise", "The canary earns less than promised"
    result = TrainingResult(
        **identity(trigger),
        verdict=verdict,
        reason=reason,
        message=f"{opening}: {_numbers(live, promised)}",
        digest=canary.digest,
        candidate=live,
        champion=beside,
        trial=TrialProgress(
            decisions=len(since),
            disagreements=len(own),
            seconds=max((trigger.occurred_at - on_trial.begun_at).total_seconds(), 0.0),
            candidate_reward=live.value if own else None,
            champion_reward=beside.value if others else None,
        ),
    )
    return TrainingAnswer(result)


def _numbers(live: Estimate, promised: float) -> str:
    if not live.samples:
        return "it has no rewards yet."
    return (
        f"{live.value:.3f} a decision, at most {live.upper:.3f}, where {promised:.3f} was promised"
        f" ({live.samples} decisions)."
    )
