"""A finished orchestration of several agents."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from signalbox.events.fields import (
    MAX_NESTING,
    AgentName,
    Count,
    DurationS,
    Event,
    Id,
    Ratio,
    Text,
    Timestamp,
    keep_in_utc,
    too_deep,
)

Pattern = Literal["sequential", "parallel", "conditional"]
TaskStatus = Literal["completed", "failed", "skipped"]


class TaskRow(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What one agent did in a workflow."""

    agent: AgentName
    started_at: Timestamp | None = None
    ended_at: Timestamp | None = None
    status: TaskStatus = "completed"
    retries: Count = 0
    depends_on: tuple[Count, ...] = ()

    def __post_init__(self) -> None:
        keep_in_utc(self, "started_at", "ended_at")


class WorkflowExecution(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An orchestration that has ended; `occurred_at` is its end. `metadata` nests at most 32 deep."""

    workflow_id: Id
    query: Text
    success: bool
    agent_sequence: Annotated[tuple[AgentName, ...], Meta(max_length=256)] = ()
    pattern: Pattern = "sequential"
    query_type: str = "general"
    execution_time_s: DurationS = 0.0
    task_count: Count = 0
    parallel_efficiency: Annotated[float, Meta(ge=0.0)] | None = None
    confidence: Ratio | None = None
    user_satisfaction: Ratio | None = None
    tasks: Annotated[tuple[TaskRow, ...], Meta(max_length=512)] = ()
    decision_id: Id | None = None
    error_details: str | None = None
    metadata: dict[str, Any] = {}

    def problem(self) -> str | None:
        """What the types can't say, or None."""
        return f"metadata: nested more than {MAX_NESTING} deep" if too_deep(self.metadata) else None
