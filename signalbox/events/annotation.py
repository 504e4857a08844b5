"""Labels on decisions, and requests for them."""

from __future__ import annotations

from typing import Literal

from signalbox.events.fields import AgentName, Event, Id, Ratio, Text, Timestamp, keep_in_utc

Label = Literal["correct_routing", "wrong_routing", "ambiguous", "insufficient_info"]
AnnotatorKind = Literal["human", "llm", "code"]
Priority = Literal["high", "medium", "low"]


class Annotation(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A label on a decision; the newest one of an annotator supersedes that annotator's earlier ones."""

    decision_id: Id
    annotator: Id
    kind: AnnotatorKind
    label: Label
    confidence: Ratio = 1.0
    reasoning: Text = ""
    suggested_agent: AgentName | None = None
    reviewed: bool = False


class AnnotationRequest(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A decision that deserves a label, and by when."""

    decision_id: Id
    priority: Priority
    reason: Text
    due_at: Timestamp
    query: Text
    chosen_agent: AgentName
    candidate_agents: tuple[AgentName, ...]
    confidence: Ratio | None = None

    def __post_init__(self) -> None:
        keep_in_utc(self, "occurred_at", "due_at")
