"""All state of one partition, and what a batch of source records does to it.

The live worker, the replay tool and the tests run this same code: `(state, records) -> (state, outputs)`,
without clock, randomness or I/O. Time is event time; the only other time is the stamp that the broker put on
a record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from processors.experience import experience_bytes
from processors.intake import Intake, SourceRecord, dead_letter
from processors.join import Join
from processors.ledger import Ledger
from processors.policies import Policies
from processors.waiting import Joined, Part
from processors.workflow import decision_of
from signalbox import topics
from signalbox.errors import Unusable
from signalbox.events import (
    DeadLetter,
    RoutingDecision,
    RoutingOutcome,
    Signals,
    TrainingResult,
    WorkflowExecution,
    decode,
    encode_trusted,
)

SOURCE_TOPICS = (
    topics.ROUTING_DECISION,
    topics.ROUTING_OUTCOME,
    topics.WORKFLOW_EXECUTION,
    topics.TRAINING_RESULT,
)
"""The topics whose records change a partition's state, without prefix."""

LONG_AGO = 0.0


@dataclass(slots=True)
class Outputs:
    """What a batch gives: experiences as (key, value, window start), and dead letters."""

    experiences: list[tuple[bytes, bytes, int]] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    applied: int = 0
    """How many of the records were new; the others had been applied before."""


class Partition:
    """The state of partition `number`, written by `run` (see `signalbox.standing`)."""

    def __init__(self, number: int, policies: Policies, run: str) -> None:
        self.number = number
        self.policies = policies
        self.run = run
        self.batch = 0
        self.cursors: dict[str, int] = {}
        self.event_s: dict[str, float] = {}
        self.first_offsets: dict[int, int] = {}
        self.experiences_end = 0
        self.experience_batch = 0
        self.join = Join(policies.join)
        self.ledger = Ledger(policies)
        self._intake = Intake(policies.max_future_s)
        self._reward_version = policies.reward.version
        self._outputs = Outputs()
        self._handlers: dict[str, Callable[[SourceRecord], None]] = {
            topics.ROUTING_DECISION: self._decision,
            topics.ROUTING_OUTCOME: self._outcome,
            topics.WORKFLOW_EXECUTION: self._workflow,
            topics.TRAINING_RESULT: self._training_result,
        }

    @property
    def now_s(self) -> float:
        """The newest event time of any source topic."""
        return max(self.event_s.values(), default=LONG_AGO)

    def apply(self, topic: str, records: Iterable[SourceRecord]) -> Outputs:
        """Apply records of one source topic, in offset order; those applied before change nothing."""
        cursor = self.cursors.get(topic, 0)
        fresh = [record for record in records if record.offset >= cursor]
        outputs = self._outputs = Outputs(applied=len(fresh))
        if not fresh:
            return outputs
        self.batch += 1
        handle = self._handlers[topic]
        for record in fresh:
            try:
                handle(record)
            except Unusable as refusal:
                outputs.dead_letters.append(
                    dead_letter(topic, self.number, record, refusal.reason, str(refusal))
                )
        self.cursors[topic] = fresh[-1].offset + 1
        self._pass_time()
        return outputs

    def restored(self) -> None:
        """Bring recovered rows into line with the time that has passed; nothing is given out."""
        self.join.restored()
        self._forget()

    def published(self, outputs: Outputs, offsets: Iterable[int]) -> None:
        """Note where on `routing-experience` a batch's experiences lie, and so where windows begin."""
        for (_, _, window), offset in zip(outputs.experiences, offsets, strict=True):
            self.first_offsets.setdefault(window, offset)
            self.experiences_end = offset + 1
            self.experience_batch = self.batch

    def _decision(self, record: SourceRecord) -> None:
        decision = decode(RoutingDecision, record.value)
        tenant_key, occurred_s = self._intake.check(decision, record)
        self._pass(topics.ROUTING_DECISION, occurred_s)
        raw = record.value or b""
        self._learn(self.join.decide(decision, raw, tenant_key, self._source(topics.ROUTING_DECISION, record)))

    def _outcome(self, record: SourceRecord) -> None:
        outcome = decode(RoutingOutcome, record.value)
        _, occurred_s = self._intake.check(outcome, record)
        self._pass(topics.ROUTING_OUTCOME, occurred_s)
        part = Part(occurred_s, record.offset, record.timestamp, record.key or b"", record.value or b"")
        self._learn(self.join.result(outcome, part, self._source(topics.ROUTING_OUTCOME, record)))

    def _workflow(self, record: SourceRecord) -> None:
        workflow = decode(WorkflowExecution, record.value)
        tenant_key, occurred_s = self._intake.check(workflow, record)
        self._pass(topics.WORKFLOW_EXECUTION, occurred_s)
        decision = decision_of(workflow)
        if decision is not None:
            source = self._source(topics.WORKFLOW_EXECUTION, record)
            self._learn(self.join.decide(decision, encode_trusted(decision), tenant_key, source))

    def _training_result(self, record: SourceRecord) -> None:
        result = decode(TrainingResult, record.value)
        tenant_key, _ = self._intake.check(result, record)
        if tenant_key != result.tenant_key:
            raise Unusable("wrong_key", f"key {tenant_key!r}: the result's tenant_key is {result.tenant_key!r}")
        self.ledger.answered(result)

    def _learn(self, joined: Joined | None) -> None:
        learned = None if joined is None else self.ledger.learn(joined, self._oldest_window())
        if learned is None:
            return
        joined, value = learned
        window = self.policies.buffer.window_of(joined.decision.occurred_s)
        data = experience_bytes(joined, value, self._reward_version, self.run, self.batch)
        self._outputs.experiences.append((joined.decision.tenant_key.encode(), data, window))

    def _pass_time(self) -> None:
        """Let go of what is too old, as the newest event times say."""
        decisions_s = self.event_s.get(topics.ROUTING_DECISION, LONG_AGO)
        outcomes_s = self.event_s.get(topics.ROUTING_OUTCOME, LONG_AGO)
        watermark_s = max(min(decisions_s, outcomes_s), self.now_s - self.policies.join.silence_s)
        never, orphans = self.join.expire(watermark_s)
        if self.policies.join.default_reward is not None:
            for waiting in never:
                self._learn(Joined(waiting, Signals(), 0, f"{topics.ROUTING_DECISION}/{self.number}/expired"))
        for part in (*orphans, *self.join.take_refused()):
            message = "outcome: no decision of that id came within the join window"
            self._outputs.dead_letters.append(
                dead_letter(topics.ROUTING_OUTCOME, self.number, part, "no_decision", message)
            )
        self._forget()

    def _forget(self) -> None:
        self.join.forget(self.now_s)
        oldest = self._oldest_window()
        self.ledger.evict(oldest)
        for start in [s for s in self.first_offsets if s < oldest]:
            del self.first_offsets[start]

    def _pass(self, topic: str, occurred_s: float) -> None:
        if occurred_s > self.event_s.get(topic, LONG_AGO):
            self.event_s[topic] = occurred_s

    def _oldest_window(self) -> int:
        policy = self.policies.buffer
        decided_s = self.event_s.get(topics.ROUTING_DECISION, LONG_AGO)
        newest_s = max(decided_s, self.event_s.get(topics.WORKFLOW_EXECUTION, LONG_AGO))
        return policy.window_of(newest_s) - (policy.windows - 1) * policy.window_s

    def _source(self, topic: str, record: SourceRecord) -> str:
        return f"{topic}/{self.number}/{record.offset}"
