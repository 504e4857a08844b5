"""Small events and records for the processors' tests; times are seconds of event time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from processors.changelog import Records, changes, recover
from processors.cycles.records import Cycle, CycleReport, CycleRequest, Tick, encode_record
from processors.partition import Outputs, Partition
from processors.policies import Policies
from processors.scope import ScopeState
from processors.trigger import TriggerPolicy
from processors.triggering import triggers
from processors.waiting import Waiting
from signalbox import topics
from signalbox.events import (
    Annotation,
    Experience,
    OptimizationTrigger,
    RoutingDecision,
    RoutingOutcome,
    Signals,
    TrainingResult,
    WorkflowExecution,
    decode,
    encode,
    moment_at,
)
from signalbox.standing import standing

NOON = 1_750_000_000.0
"""Some moment, inside an hour."""

COMPLETE = Signals(search_quality=0.92, agent_success=True, user_satisfaction=0.95, processing_time_s=1.2)


def decision(decision_id: str = "d1", at: float = 0.0, **fields: Any) -> RoutingDecision:
    """A decision `at` seconds after noon."""
    given: dict[str, Any] = {
        "tenant_id": "harbor",
        "query": "where is the lighthouse?",
        "candidate_agents": ("search", "summary"),
        "chosen_agent": "search",
        "propensity": 0.5,
    }
    return RoutingDecision(decision_id=decision_id, occurred_at=moment_at(NOON + at), **(given | fields))


def outcome(decision_id: str = "d1", at: float = 1.0, **fields: Any) -> RoutingOutcome:
    """An outcome `at` seconds after noon; a complete one unless signals are given."""
    given: dict[str, Any] = {"tenant_id": fields.pop("tenant_id", "harbor")}
    signals = fields or msgspec.structs.asdict(COMPLETE)
    return RoutingOutcome(decision_id=decision_id, occurred_at=moment_at(NOON + at), **given, **signals)


def workflow(workflow_id: str = "w1", at: float = 0.0, **fields: Any) -> WorkflowExecution:
    """A successful orchestration of two agents that ended `at` seconds after noon."""
    given: dict[str, Any] = {
        "tenant_id": "harbor",
        "query": "compare the harbours",
        "success": True,
        "agent_sequence": ("search", "summary"),
        "execution_time_s": 2.5,
        "user_satisfaction": 0.85,
    }
    return WorkflowExecution(workflow_id=workflow_id, occurred_at=moment_at(NOON + at), **(given | fields))


def result(trigger_id: str, verdict: str = "rejected", at: float = 0.0, **fields: Any) -> TrainingResult:
    """The answer to a trigger."""
    given: dict[str, Any] = {
        "tenant_id": "harbor",
        "tenant_key": "harbor",
        "scope": "routing",
        "reason": {
            "promoted": "better",
            "failed": "error",
            "rolled_back": "requested",
            "on_trial": "promising",
        }.get(verdict, "not_proven"),
        "message": "because",
    }
    return TrainingResult(
        trigger_id=trigger_id,
        occurred_at=moment_at(NOON + at),
        verdict=verdict,  # type: ignore[arg-type]
        **(given | fields),
    )


def observe(
    state: ScopeState, reward: float, at: float = 0.0, policy: TriggerPolicy | None = None, **fields: Any
) -> None:
    """A first reward of a decision with these fields, `at` seconds after noon."""
    raw = encode(decision("d", at, **fields))
    waiting = Waiting(1, NOON + at, "harbor", "harbor", "d", "search", "text", 0.5, raw)
    state.observe(reward, waiting, policy or TriggerPolicy())


@dataclass(frozen=True)
class Stored:
    """A source record, as aiokafka shows it; the time stamp is in milliseconds."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


def annotation(decision_id: str = "d1", at: float = 0.0, **fields: Any) -> Annotation:
    """A person's label on a decision."""
    given: dict[str, Any] = {
        "tenant_id": "harbor",
        "annotator": "alice",
        "kind": "human",
        "label": "wrong_routing",
        "decided_at": moment_at(NOON),
    }
    return Annotation(decision_id=decision_id, occurred_at=moment_at(NOON + at), **(given | fields))


def report(cycle: Cycle, at: float = 0.0, **fields: Any) -> CycleReport:
    """What a cycle of harbor says that began a second before `at`."""
    given: dict[str, Any] = {"tenant_id": "harbor", "started_s": NOON + at - 1.0, "ended_s": NOON + at}
    return CycleReport(cycle=cycle, **(given | fields))


def record(event: Any, offset: int = 0, key: str | None = None, stamped_at: float | None = None) -> Stored:
    """The record of an event; by default under its tenant's key, stamped when it occurred."""
    if isinstance(event, Tick):
        return Stored(offset, int(event.at_s * 1000), None, encode_record(event))
    if isinstance(event, CycleRequest | CycleReport):
        return Stored(offset, int(NOON * 1000), (key or event.tenant_id).encode(), encode_record(event))
    occurred_s = event.occurred_at.timestamp()
    stamp_s = occurred_s if stamped_at is None else NOON + stamped_at
    return Stored(offset, int(stamp_s * 1000), (key or event.tenant_id).encode(), encode(event))


TOPIC_OF = {
    RoutingDecision: topics.ROUTING_DECISION,
    RoutingOutcome: topics.ROUTING_OUTCOME,
    WorkflowExecution: topics.WORKFLOW_EXECUTION,
    TrainingResult: topics.TRAINING_RESULT,
    Annotation: topics.ANNOTATION,
    Tick: topics.CYCLE,
    CycleRequest: topics.CYCLE,
    CycleReport: topics.CYCLE,
}
Batch = tuple[str, list[Stored]]


def log_of(events: Iterable[Any], key: str | None = None) -> list[tuple[str, Stored]]:
    """Events as (topic, record), each topic with offsets of its own."""
    ends: dict[str, int] = {}
    found = []
    for event in events:
        topic = TOPIC_OF[type(event)]
        offset = ends[topic] = ends.get(topic, -1) + 1
        found.append((topic, record(event, offset, key)))
    return found


def batches_of(log: Iterable[tuple[str, Stored]], sizes: Iterator[int]) -> Iterator[Batch]:
    """Consecutive records of one topic, at most as many as `sizes` says."""
    topic, batch, size = "", list[Stored](), 0
    for its_topic, each in log:
        if batch and (its_topic != topic or len(batch) >= size):
            yield topic, batch
            batch = []
        if not batch:
            topic, size = its_topic, next(sizes)
        batch.append(each)
    if batch:
        yield topic, batch


@dataclass
class Worker:
    """A worker on one partition, without Kafka: what it wrote outlives it."""

    policies: Policies = field(default_factory=Policies)
    experiences: list[tuple[bytes, bytes]] = field(default_factory=list)
    triggers: list[OptimizationTrigger] = field(default_factory=list)
    changelog: dict[str, bytes] = field(default_factory=dict)
    changelog_bytes: int = 0
    partition: Partition = field(init=False)

    def __post_init__(self) -> None:
        self.restart("first")

    def restart(self, nonce: str) -> None:
        """Forget everything that isn't in the changelog."""
        self.partition = recover(0, self.policies, nonce, self.changelog)

    def apply(self, topic: str, records: list[Stored], *, dies: bool = False) -> Outputs:
        """Apply a batch as the live worker does; one that `dies` publishes but writes no state."""
        outputs = self.partition.apply(topic, records)
        if not outputs.applied:
            return outputs
        start = len(self.experiences)
        self.experiences += [(key, value) for key, value, _ in outputs.experiences]
        self.partition.published(outputs, range(start, len(self.experiences)))
        self.triggers += triggers(self.partition, topics.ROUTING_EXPERIENCE)
        if not dies:
            self.write(changes(self.partition))
        return outputs

    def feed(self, *events: Any, key: str | None = None) -> Outputs:
        """Apply events one batch each, at the next offsets; what the last gave."""
        outputs = Outputs()
        for event in events:
            topic = TOPIC_OF[type(event)]
            offset = self.partition.cursors.get(topic, 0)
            outputs = self.apply(topic, [record(event, offset, key)])
        return outputs

    def write(self, records: Mapping[str, bytes | None] | Records) -> None:
        """What Kafka keeps of a compacted topic."""
        for key, value in records.items():
            self.changelog_bytes += len(key) + len(value or b"")
            if value is None:
                del self.changelog[key]
            else:
                self.changelog[key] = value

    def standing(self) -> list[Experience]:
        """The experiences that count, in the order of the log."""
        found = [decode(Experience, value) for _, value in self.experiences]
        return standing(found, lambda e: e.run, lambda e: e.batch)


def final(experiences: Iterable[Experience]) -> dict[tuple[str, str], Experience]:
    """The highest revision of every decision; the first of equal ones."""
    found: dict[tuple[str, str], Experience] = {}
    for each in experiences:
        place = (each.tenant_id, each.decision_id)
        if place not in found or each.revision > found[place].revision:
            found[place] = each
    return found


def experiences_in(outputs: Outputs) -> list[Experience]:
    """The experiences that a batch gave."""
    return [decode(Experience, value) for _, value, _ in outputs.experiences]
