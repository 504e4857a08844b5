"""Labels on decisions, and requests for them."""

from __future__ import annotations

from typing import Literal

from signalbox.events.fields import AgentName, Event, Id, Ratio, Text, Timestamp, keep_in_utc
from signalbox.events.outcome import Signals

Label = Literal["correct_routing", "wrong_routing", "ambiguous", "insufficient_info"]
AnnotatorKind = Literal["human", "llm", "code"]
Priority = Literal["high", "medium", "low"]


class Annotation(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A label on a decision; the newest one of an annotator supersedes that annotator's earlier ones.

    A person who approves a label repeats it under its annotator's name, with `reviewed` and `approved_by`;
    `occurred_at` is then the time of the approval. `decided_at` is when the decision was made: with it a label
    is found its experience however late it comes.
    """

    decision_id: Id
    annotator: Id
    kind: AnnotatorKind
    label: Label
    confidence: Ratio = 1.0
    reasoning: Text = ""
    suggested_agent: AgentName | None = None
    reviewed: bool = False
    requires_review: bool = False
    approved_by: Id | None = None
    decided_at: Timestamp | None = None

    def __post_init__(self) -> None:
        keep_in_utc(self, "occurred_at", "decided_at")


class AnnotationRequest(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A decision that deserves a label, and by when, with all that an annotator needs to see.

    `value` is the value of information in [0, 1]: the larger, the more a label would teach. `outcome` and
    `reward` are what is known of the decision so far; `span_id` is its span in Phoenix, where it has one.
    """

    decision_id: Id
    priority: Priority
    reason: Text
    due_at: Timestamp
    query: Text
    chosen_agent: AgentName
    candidate_agents: tuple[AgentName, ...]
    confidence: Ratio | None = None
    value: Ratio = 0.0
    reward: Ratio | None = None
    outcome: Signals | None = None
    decided_at: Timestamp | None = None
    span_id: str | None = None
    trace_id: str | None = None

    def __post_init__(self) -> None:
        keep_in_utc(self, "occurred_at", "due_at", "decided_at")
