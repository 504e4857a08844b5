"""Everything that a view shows, at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from streams.live.loop_state import Note
from streams.live.trials import RunningTrial

Phase = Literal["routing", "draining", "done"]


@dataclass(frozen=True)
class TenantLine:
    """One tenant; rewards are None before its first decision, `version` before its first policy."""

    tenant_id: str
    decisions: int
    reward: float | None
    best_single_agent: str
    best_single_agent_reward: float
    optimal_reward: float
    version: int | None


@dataclass(frozen=True)
class Snapshot:
    """The loop at one moment; times in seconds since the first decision; `routed_s` ends with the last."""

    broker: str
    elapsed_s: float
    routed_s: float
    limit_s: float | None
    decisions: int
    limit_decisions: int | None
    outcomes: int
    reward: float | None
    best_single_agent: float
    optimal: float
    history: tuple[float, ...]
    adoptions_s: tuple[float, ...]
    tenants: tuple[TenantLine, ...]
    triggers: int
    published: int
    adopted: int
    rejected: int
    failed: int
    trials: tuple[RunningTrial, ...]
    trials_begun: int
    trials_promoted: int
    dead_letters: int
    dropped: int
    waiting: int
    waiting_s: float
    notes: tuple[Note, ...]
    started_at: float
    programs: str = ""
