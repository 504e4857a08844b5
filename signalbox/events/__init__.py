"""The events, one type a topic: frozen, validated when decoded, tolerant of unknown new fields."""

from signalbox.events.annotation import Annotation, AnnotationRequest
from signalbox.events.card import AgentCard
from signalbox.events.codec import decode, encode, encode_trusted
from signalbox.events.dead_letter import DeadLetter, DeadLetterReason
from signalbox.events.decision import Entity, Modality, Relationship, RoutingDecision, Slot
from signalbox.events.experience import Experience
from signalbox.events.fields import Event, epoch_s, moment_at
from signalbox.events.optimization import (
    Estimate,
    OffsetRange,
    OptimizationTrigger,
    TrainingResult,
    TrialProgress,
    TriggerReason,
    Verdict,
    VerdictReason,
)
from signalbox.events.outcome import RoutingOutcome, Signals
from signalbox.events.policy_update import PolicyUpdate
from signalbox.events.workflow import TaskRow, WorkflowExecution

__all__ = [
    "AgentCard",
    "Annotation",
    "AnnotationRequest",
    "DeadLetter",
    "DeadLetterReason",
    "Entity",
    "Estimate",
    "Event",
    "Experience",
    "Modality",
    "OffsetRange",
    "OptimizationTrigger",
    "PolicyUpdate",
    "Relationship",
    "RoutingDecision",
    "RoutingOutcome",
    "Signals",
    "Slot",
    "TaskRow",
    "TrainingResult",
    "TrialProgress",
    "TriggerReason",
    "Verdict",
    "VerdictReason",
    "WorkflowExecution",
    "decode",
    "encode",
    "encode_trusted",
    "epoch_s",
    "moment_at",
]
