"""The topics, their event types and their keys: the part of the contract that Kafka sees."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal

import msgspec

from signalbox import events

Direction = Literal["in", "out", "internal"]


@dataclass(frozen=True)
class TopicSpec:
    """One topic: `event` is its type (None for raw bytes); a compacted topic keeps one record a key."""

    name: str
    event: type[msgspec.Struct] | None
    direction: Direction
    meaning: str
    compacted: bool = False
    log_append_time: bool = False
    key: str = "tenant key"


ROUTING_DECISION = "routing-decision"
ROUTING_OUTCOME = "routing-outcome"
WORKFLOW_EXECUTION = "workflow-execution"
ANNOTATION = "annotation"
ANNOTATION_REQUEST = "annotation-request"
AGENT_CARD = "agent-card"
ROUTING_EXPERIENCE = "routing-experience"
OPTIMIZATION_TRIGGER = "optimization-trigger"
POLICY_UPDATED = "policy-updated"
POLICY_ARTIFACT = "policy-artifact"
TRAINING_RESULT = "training-result"
DEAD_LETTER = "dead-letter"
JOURNAL = "journal"
CYCLE = "cycle"

# Source topics are stamped by the broker: retention, replay by time and the check against timestamps from
# the future then depend on one clock instead of every router's.
TOPICS: dict[str, TopicSpec] = {
    spec.name: spec
    for spec in (
        TopicSpec(
            ROUTING_DECISION,
            events.RoutingDecision,
            "in",
            "what the router chose, and how likely that was",
            log_append_time=True,
        ),
        TopicSpec(
            ROUTING_OUTCOME,
            events.RoutingOutcome,
            "in",
            "what came of it, whole or in parts",
            log_append_time=True,
        ),
        TopicSpec(
            WORKFLOW_EXECUTION,
            events.WorkflowExecution,
            "in",
            "a finished orchestration of several agents",
            log_append_time=True,
        ),
        TopicSpec(ANNOTATION, events.Annotation, "in", "a label on a decision", log_append_time=True),
        TopicSpec(ANNOTATION_REQUEST, events.AnnotationRequest, "out", "a decision that deserves a label"),
        TopicSpec(
            AGENT_CARD,
            events.AgentCard,
            "in",
            "what is known of an agent",
            compacted=True,
            key="tenant/agent",
        ),
        TopicSpec(ROUTING_EXPERIENCE, events.Experience, "out", "decision, outcome, reward and propensity"),
        TopicSpec(OPTIMIZATION_TRIGGER, events.OptimizationTrigger, "out", "train this scope on these offsets"),
        TopicSpec(
            POLICY_UPDATED,
            events.PolicyUpdate,
            "out",
            "the policy in force in a slot",
            compacted=True,
            key="tenant/scope/slot",
        ),
        TopicSpec(
            POLICY_ARTIFACT, None, "out", "a policy's bytes in chunks", compacted=True, key="digest/chunk"
        ),
        TopicSpec(TRAINING_RESULT, events.TrainingResult, "out", "the answer to a trigger"),
        TopicSpec(DEAD_LETTER, events.DeadLetter, "out", "what could not be read or applied"),
        TopicSpec(
            JOURNAL, None, "internal", "in which order a partition's source records were applied", key="none"
        ),
        TopicSpec(
            CYCLE,
            None,
            "internal",
            "ticks of the orchestrator's timers, and what its cycles say of themselves",
            log_append_time=True,
            key="tenant key, or none for a tick",
        ),
    )
}


def tenant_key(tenant_id: str, decision_id: str, shards: int = 1) -> str:
    """The key of a source record: the tenant, or `tenant#k` where a tenant is spread over shards."""
    if shards <= 1:
        return tenant_id
    return f"{tenant_id}#{stable_hash(decision_id) % shards}"


def tenant_of_key(key: str) -> str:
    """The tenant in a tenant key."""
    return key.partition("#")[0]


def policy_key(tenant_id: str, scope: str, slot: str) -> bytes:
    """The key of `policy-updated`."""
    return f"{tenant_id}/{scope}/{slot}".encode()


def card_key(tenant_id: str, agent: str) -> bytes:
    """The key of `agent-card`."""
    return f"{tenant_id}/{agent}".encode()


def chunk_key(digest: str, chunk: int) -> bytes:
    """The key of `policy-artifact`."""
    return f"{digest}/{chunk}".encode()


def stable_hash(text: str) -> int:
    """64 bits of BLAKE2b: the same in every process and on every machine, unlike `hash`."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
