"""The replay buffer as the worker had it when it emitted a trigger."""

from __future__ import annotations

from collections.abc import Iterable

from processors.buffer import BufferPolicy, ReplayBuffer
from processors.identity import decision_hash
from processors.window import Row, stratum_of
from signalbox.errors import Unusable
from signalbox.events import Experience, OptimizationTrigger, epoch_s


def materialise(trigger: OptimizationTrigger, experiences: Iterable[Experience]) -> ReplayBuffer:
    """Replay every revision of the trigger's experiences, in log order, into the windows that were live.

    Raises `Unusable` where the outcome isn't what the worker had.
    """
    policy = BufferPolicy(trigger.window_s, len(trigger.windows), trigger.window_capacity)
    buffer, live = ReplayBuffer(policy), set(trigger.windows)
    for experience in experiences:
        occurred_s = epoch_s(experience.occurred_at)
        if policy.window_of(occurred_s) in live:
            decision = experience.decision
            buffer.add(
                occurred_s,
                Row(
                    decision_hash(experience.tenant_id, experience.decision_id),
                    experience.reward,
                    experience.revision,
                    stratum_of(decision.chosen_agent, decision.modality, experience.reward),
                ),
            )
    found = buffer.digest()
    if found != trigger.buffer_digest:
        raise Unusable(
            "invalid",
            f"buffer_digest: the worker had {trigger.buffer_digest}, but the ranges give {found} "
            f"({len(buffer)} experiences in {len(buffer.windows)} windows of {policy.window_s} s)",
        )
    return buffer


def sample(buffer: ReplayBuffer, experiences: Iterable[Experience]) -> list[Experience]:
    """Those of the experiences that the buffer keeps, every revision."""
    kept = {decision for window in buffer.windows.values() for decision in window.rows}
    return [each for each in experiences if decision_hash(each.tenant_id, each.decision_id) in kept]
