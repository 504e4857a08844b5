"""Check whether the champion earns what the gate promised of it."""

from __future__ import annotations

from collections.abc import Sequence

from models.configuration import TrainingConfiguration
from processors.training.answers import Deployed, TrainingAnswer, identity, short
from processors.training.live_reward import live_reward
from processors.training.trial_units import shares_of
from signalbox.events import (
    Estimate,
    Experience,
    OptimizationTrigger,
    TrainingResult,
    Verdict,
    VerdictReason,
)


def check_promise(
    trigger: OptimizationTrigger,
    experiences: Sequence[Experience],
    champion: Deployed | None,
    configuration: TrainingConfiguration,
) -> TrainingAnswer:
    """Roll a champion back to its parent if what it earns is below what was promised, beyond doubt.

    Promised is the lower bound of the estimate with which it was promoted. What was drawn in a trial counts
    with the share that the champion would have given it.
    """
    promised = champion.policy.manifest.estimates.get("candidate") if champion else None
    if champion is None or promised is None:
        return _answer(trigger, "rejected", "not_proven", "Nothing was promised of what is in force.")
    own = [item for item in experiences if item.decision.policy_digest == champion.digest]
    weights = [_weight(champion, item) for item in own]
    live = live_reward([item.reward for item in own], configuration.gate_error, weights)
    numbers = (
        f"the champion earns {live.value:.3f}, at most {live.upper:.3f}, where {promised.lower:.3f} was"
        f" promised ({live.samples} decisions)"
    )
    if live.upper >= promised.lower:
        return _answer(trigger, "rejected", "not_proven", f"Not proven below its promise: {numbers}.", live)
    parent = champion.policy.manifest.lineage.parent_digest
    if parent is None:
        message = f"Below its promise, but there is no earlier policy: {numbers}."
        return _answer(trigger, "rejected", "below_promise", message, live)
    message = f"Below its promise, {short(parent)} is in force again: {numbers}."
    return _answer(trigger, "rolled_back", "below_promise", message, live, parent)


def _weight(champion: Deployed, item: Experience) -> float:
    decision = item.decision
    if decision.trial_digest is None or not item.propensity:
        return 1.0
    shares = shares_of(champion.policy, decision)
    place = decision.candidate_agents.index(decision.chosen_agent)
    return min(float(shares[place]) / item.propensity, 2.0)


def _answer(
    trigger: OptimizationTrigger,
    verdict: Verdict,
    reason: VerdictReason,
    message: str,
    live: Estimate | None = None,
    digest: str | None = None,
) -> TrainingAnswer:
    result = TrainingResult(
        **identity(trigger), verdict=verdict, reason=reason, message=message, champion=live, digest=digest
    )
    return TrainingAnswer(result)
