"""What a label makes of an experience: another reward, and a row that shows what should have been chosen."""

from __future__ import annotations

from msgspec import structs

from models.labels import label_signals
from processors.reward import RewardPolicy, reward
from signalbox.events import Experience, Signals
from signalbox.events.annotation import Label

DEFAULT = RewardPolicy()


def worth(label: Label, processing_time_s: float | None = None, policy: RewardPolicy = DEFAULT) -> float:
    """The reward that a label stands for, less the penalty for the time that was measured."""
    value = reward(structs.replace(label_signals(label), processing_time_s=processing_time_s), policy)
    assert value is not None  # noqa: S101 every label has signals
    return value


def judged(item: Experience, label: Label, weight: float, policy: RewardPolicy = DEFAULT) -> Experience:
    """The experience with the reward (1 - weight) reward + weight worth(label); what cost takes stays."""
    before = item.reward_before_cost
    after = (1.0 - weight) * before + weight * worth(label, item.outcome.processing_time_s, policy)
    value = min(max(item.reward + after - before, 0.0), 1.0)
    return structs.replace(item, reward=value, quality=None if item.quality is None else after)


def corrected(item: Experience, agent: str) -> Experience:
    """What an annotator says would have happened, had this agent been chosen; for training alone.

    Its propensity is 1: it is known whatever the router drew, so there is nothing to make up for. Its id is
    another, because it is no decision.
    """
    decision = item.decision
    return structs.replace(
        item,
        decision_id=f"{item.decision_id[:116]}/corrected",
        decision=structs.replace(
            decision,
            chosen_agent=agent,
            candidate_agents=tuple(dict.fromkeys((*decision.candidate_agents, agent))),
            propensity=None,
            probabilities=None,
            outcome=None,
        ),
        reward=worth("correct_routing"),
        outcome=Signals(agent_success=True),
        propensity=1.0,
        quality=None,
        cost_weight=0.0,
    )
