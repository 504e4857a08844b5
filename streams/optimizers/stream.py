"""One tenant's events through the worker's processors, in this process."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import RLock
from typing import NamedTuple
from uuid import uuid4

from processors.changelog import changes, recover
from processors.identity import decision_hash
from processors.partition import Outputs
from processors.policies import Policies
from processors.trial_watch import TrialWatch
from processors.triggering import trigger_of, triggers
from signalbox.errors import InvalidEvent
from signalbox.events import (
    OptimizationTrigger,
    RoutingDecision,
    RoutingOutcome,
    TrainingResult,
    encode,
    epoch_s,
)
from signalbox.topics import ROUTING_DECISION, ROUTING_EXPERIENCE, ROUTING_OUTCOME, TRAINING_RESULT
from streams.optimizers.experience_log import ExperienceLog

log = logging.getLogger(__name__)

ROUTING = "routing"
State = Mapping[str, bytes | None]


@dataclass(frozen=True, slots=True)
class LocalRecord:
    """An event as Kafka would give it."""

    offset: int
    timestamp: int
    key: bytes
    value: bytes


class Batch(NamedTuple):
    """What one event did: changes of the state, experiences with the offset of the first, triggers."""

    state: State
    experiences: list[bytes]
    start: int
    triggers: list[OptimizationTrigger]


class LocalStream:
    """Applies one event at a time to a partition of its own; safe to share between threads.

    `on_batch` is called under `lock` with what each event did. `state` and `experiences` are what was kept of
    an earlier run. An event that can't be used raises `InvalidEvent`, because its sender is right here.
    """

    def __init__(
        self,
        tenant_id: str,
        policies: Policies,
        clock: Callable[[], datetime],
        on_batch: Callable[[Batch], None] = lambda batch: None,
        *,
        state: Mapping[str, bytes] | None = None,
        experiences: ExperienceLog | None = None,
    ) -> None:
        self.lock = RLock()
        self.partition = recover(0, policies, uuid4().hex[:12], state or {})
        self.experiences = experiences or ExperienceLog()
        for scope in self.partition.ledger.scopes.values():
            # What was asked of a process that has ended isn't answered any more.
            scope.outstanding = None
        self._tenant_id = tenant_id
        self._clock = clock
        self._on_batch = on_batch

    def publish_decision(self, decision: RoutingDecision) -> bool:
        """Take a decision."""
        return self._apply(ROUTING_DECISION, encode(decision))

    def publish_outcome(self, outcome: RoutingOutcome) -> bool:
        """Take an outcome."""
        return self._apply(ROUTING_OUTCOME, encode(outcome))

    def knows(self, decision_id: str) -> bool:
        """Whether an outcome that comes now finds its decision, or is refused because it comes too late."""
        identity = decision_hash(self._tenant_id, decision_id)
        with self.lock:
            join = self.partition.join
            return (
                identity in join.waiting
                or identity in join.settled
                or join.seen.contains(identity, epoch_s(self._clock()))
            )

    def answered(self, result: TrainingResult) -> None:
        """Take the answer to a trigger."""
        self._apply(TRAINING_RESULT, encode(result))

    def request(self) -> OptimizationTrigger | None:
        """A trigger of the scope `routing` because somebody wants it; None while there is no experience."""
        with self.lock:
            ledger = self.partition.ledger
            if not ledger.buffers.get(self._tenant_id):
                return None
            trial = self._trial()
            due = ledger.asked(self._tenant_id, ROUTING, ("trial",) if trial else ("requested",))
            trigger = trigger_of(self.partition, due, ROUTING_EXPERIENCE)
            self._on_batch(Batch(changes(self.partition), [], self.experiences.end, [trigger]))
            return trigger

    def _apply(self, topic: str, value: bytes) -> bool:
        with self.lock:
            offset = self.partition.cursors.get(topic, 0)
            # A clock that is set back must not make an event one from the future.
            stamp_s = max(epoch_s(self._clock()), self.partition.now_s)
            record = LocalRecord(offset, int(stamp_s * 1000) + 1, self._tenant_id.encode(), value)
            outputs = self.partition.apply(topic, [record])
            start = self.experiences.end
            self._published(outputs)
            due = triggers(self.partition, ROUTING_EXPERIENCE)
            self._on_batch(Batch(changes(self.partition), _values(outputs), start, due))
        for letter in outputs.dead_letters:
            if (letter.topic, letter.offset) == (topic, offset):
                raise InvalidEvent(letter.reason, letter.message)
            log.warning("%s: %s", letter.reason, letter.message)
        return True

    def _published(self, outputs: Outputs) -> None:
        self.experiences.append(_values(outputs))
        self.partition.published(
            outputs, range(self.experiences.end - len(outputs.experiences), self.experiences.end)
        )
        trial = self._trial()
        needed = [*self.partition.first_offsets.values(), *([trial.began_offset] if trial else [])]
        self.experiences.forget_before(min(needed, default=self.experiences.end))

    def _trial(self) -> TrialWatch | None:
        state = self.partition.ledger.scopes.get((self._tenant_id, ROUTING))
        return state.trial if state else None


def _values(outputs: Outputs) -> list[bytes]:
    return [value for _, value, _ in outputs.experiences]
