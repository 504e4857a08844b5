"""Everything that can be set about the processors, in one frozen value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from processors.buffer import BufferPolicy
from processors.cost import CostPolicy
from processors.cycles.schedule import CyclePolicy
from processors.join_state import JoinPolicy
from processors.reward import RewardPolicy
from processors.trigger import TriggerPolicy


@dataclass(frozen=True)
class Policies:
    """The settings of a partition's processors; the same policies on the same log give the same results.

    `configuration` goes into every trigger as it is: what the trainer needs to know. `max_future_s` is how far
    an event may lie ahead of its record's time stamp, in seconds; `prefix` is that of the topics' names.
    """

    join: JoinPolicy = field(default_factory=JoinPolicy)
    reward: RewardPolicy = field(default_factory=RewardPolicy)
    cost: CostPolicy = field(default_factory=CostPolicy)
    buffer: BufferPolicy = field(default_factory=BufferPolicy)
    trigger: TriggerPolicy = field(default_factory=TriggerPolicy)
    cycles: CyclePolicy = field(default_factory=CyclePolicy)
    max_future_s: int = 300
    prefix: str = ""
    seed: int = 0
    code_version: str = ""
    configuration: dict[str, Any] = field(default_factory=dict)
