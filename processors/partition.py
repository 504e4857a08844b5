"""What a batch of source records does to the state of its partition.

The live worker, the replay tool and the tests run this same code: `(state, records) -> (state, outputs)`,
without clock, randomness or I/O. Time is event time; the only other time is the stamp that the broker put on
a record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from processors.cycles.order import Order
from processors.cycles.records import CycleReport, CycleRequest, decode_record
from processors.cycles.state import TenantCycles
from processors.experience import experience_bytes
from processors.identity import decision_hash
from processors.intake import Intake, SourceRecord, dead_letter
from processors.ledger import ROUTING
from processors.partition_state import LONG_AGO, PartitionState
from processors.policies import Policies
from processors.reading import Reader
from processors.waiting import Joined
from processors.workflow import decision_of
from signalbox import topics
from signalbox.errors import Unusable
from signalbox.events import (
    Annotation,
    DeadLetter,
    Signals,
    TrainingResult,
    WorkflowExecution,
    decode,
    encode_trusted,
    epoch_s,
)

SOURCE_TOPICS = (
    topics.ROUTING_DECISION,
    topics.ROUTING_OUTCOME,
    topics.WORKFLOW_EXECUTION,
    topics.TRAINING_RESULT,
    topics.ANNOTATION,
    topics.CYCLE,
)
"""The topics whose records change a partition's state, without prefix."""


@dataclass(slots=True)
class Outputs:
    """What a batch gives: experiences as (key, value, window start), dead letters, and cycles to run."""

    experiences: list[tuple[bytes, bytes, int]] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    applied: int = 0
    """How many of the records were new; the others had been applied before."""


class Partition(PartitionState):
    """What records do to partition `number`; `run` writes it (see `signalbox.standing`)."""

    def __init__(self, number: int, policies: Policies, run: str) -> None:
        super().__init__(number, policies, run)
        self._intake = Intake(policies.max_future_s)
        self._reward_version = policies.reward.version
        self._reader = Reader()
        self._times_s: list[float] = []
        self._outputs = Outputs()
        self._handlers: dict[str, Callable[[SourceRecord], None]] = {
            topics.ROUTING_DECISION: self._decision,
            topics.ROUTING_OUTCOME: self._outcome,
            topics.WORKFLOW_EXECUTION: self._workflow,
            topics.TRAINING_RESULT: self._training_result,
            topics.ANNOTATION: self._annotation,
            topics.CYCLE: self._cycle,
        }

    def apply(self, topic: str, records: Sequence[SourceRecord]) -> Outputs:
        """Apply records of one source topic, in offset order; those applied before change nothing."""
        cursor = self.cursors.get(topic, 0)
        if records and records[0].offset < cursor:
            records = [record for record in records if record.offset >= cursor]
        outputs = self._outputs = Outputs(applied=len(records))
        if not records:
            return outputs
        self.batch += 1
        self._find_oldest_window()
        self._times_s.clear()
        handle = self._handlers[topic]
        for record in records:
            try:
                handle(record)
            except Unusable as refusal:
                outputs.dead_letters.append(
                    dead_letter(topic, self.number, record, refusal.reason, str(refusal))
                )
        self.cursors[topic] = records[-1].offset + 1
        if self._times_s:
            self.event_s[topic] = max(self.event_s.get(topic, LONG_AGO), *self._times_s)
        self._pass_time()
        return outputs

    def tenants(self) -> Mapping[str, TenantCycles]:
        """What the cycles of each tenant key remember."""
        return self.cycles.tenants

    def published(self, outputs: Outputs, offsets: Iterable[int]) -> None:
        """Note where on `routing-experience` a batch's experiences lie, and so where windows begin."""
        known = self.first_offsets
        for (_, _, window), offset in zip(outputs.experiences, offsets, strict=True):
            if window not in known:
                known[window] = offset
            self.experiences_end = offset + 1
        if outputs.experiences:
            self.experience_batch = self.batch

    def _decision(self, record: SourceRecord) -> None:
        data = record.value
        decision = self._reader.decision(data)
        tenant_key, occurred_s = self._intake.check(decision, record)
        self._times_s.append(occurred_s)
        joined = self.join.decide(decision, occurred_s, data or b"", tenant_key)
        if joined is not None:
            self._learn(joined, topics.ROUTING_DECISION, record.offset)

    def _outcome(self, record: SourceRecord) -> None:
        outcome = self._reader.outcome(record.value)
        _, occurred_s = self._intake.check(outcome, record)
        self._times_s.append(occurred_s)
        joined = self.join.result(outcome, occurred_s, record)
        if joined is not None:
            self._learn(joined, topics.ROUTING_OUTCOME, record.offset)

    def _workflow(self, record: SourceRecord) -> None:
        workflow = decode(WorkflowExecution, record.value)
        tenant_key, occurred_s = self._intake.check(workflow, record)
        self._times_s.append(occurred_s)
        decision = decision_of(workflow)
        if decision is not None:
            joined = self.join.decide(decision, occurred_s, encode_trusted(decision), tenant_key)
            if joined is not None:
                self._learn(joined, topics.WORKFLOW_EXECUTION, record.offset)

    def _training_result(self, record: SourceRecord) -> None:
        result = decode(TrainingResult, record.value)
        tenant_key, _ = self._intake.check(result, record)
        if tenant_key != result.tenant_key:
            raise Unusable("wrong_key", f"key {tenant_key!r}: the result's tenant_key is {result.tenant_key!r}")
        self.ledger.answered(result, self.now_s, self.experiences_end)
        self.cycles.answered(result)

    def _annotation(self, record: SourceRecord) -> None:
        annotation = decode(Annotation, record.value)
        tenant_key, _ = self._intake.check(annotation, record)
        decision = decision_hash(annotation.tenant_id, annotation.decision_id)
        is_first = not self.labels.has(tenant_key, decision)
        row = self.labels.take(annotation, decision, tenant_key, record.offset)
        if row is None:
            return
        decided_at = annotation.decided_at
        scope = self.ledger.scope(tenant_key, ROUTING)
        scope.labelled(None if decided_at is None else epoch_s(decided_at))
        self.cycles.labelled(row, is_first=is_first)

    def _cycle(self, record: SourceRecord) -> None:
        found = decode_record(record.value)
        tenant_key = (record.key or b"").decode(errors="replace")
        if (
            isinstance(found, CycleRequest | CycleReport)
            and topics.tenant_of_key(tenant_key) != found.tenant_id
        ):
            raise Unusable("wrong_key", f"key {tenant_key!r}: the record's tenant_id is {found.tenant_id!r}")
        known = (place[0] for place in self.ledger.scopes)
        self._outputs.orders += self.cycles.take(found, tenant_key, known, self.run)

    def _learn(self, joined: Joined, topic: str, offset: int | str) -> None:
        """Make an experience of what the record at `offset` of a source topic completed."""
        window = self.policies.buffer.window_of(joined.decision.occurred_s)
        learned = self.ledger.learn(joined, window if window >= self._oldest_window else None)
        if learned is None:
            return
        joined = learned.joined
        source = f"{topic}/{self.number}/{offset}"
        data = experience_bytes(learned, self._reward_version, source, self.run, self.batch)
        self._outputs.experiences.append((joined.decision.tenant_key.encode(), data, window))

    def _pass_time(self) -> None:
        """Let go of what is too old, as the newest event times say."""
        never, orphans = self.join.expire(self._watermark_s())
        if self.policies.join.default_reward is not None:
            for waiting in never:
                self._learn(Joined(waiting, Signals(), 0), topics.ROUTING_DECISION, "expired")
        for part in (*orphans, *self.join.take_refused()):
            message = "outcome: no decision of that id came within the join window"
            self._outputs.dead_letters.append(
                dead_letter(topics.ROUTING_OUTCOME, self.number, part, "no_decision", message)
            )
        self._forget()
