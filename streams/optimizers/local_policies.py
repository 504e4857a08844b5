"""The policies and the program that an optimiser in one process has made, and which of them are in force."""

from __future__ import annotations

from collections.abc import Iterable

from adapters.artifact_store import ArtifactStore
from processors.training.program_trigger import ROUTING_PROGRAM
from signalbox.combination import Combination
from signalbox.errors import ArtifactError
from signalbox.events import OptimizationTrigger, PolicyUpdate, TrainingResult, decode, encode
from signalbox.in_force import InForce
from signalbox.policy_check import PolicyCheck
from signalbox.program.slot import ActiveProgram, active_program
from signalbox.topics import OPTIMIZATION_TRIGGER, POLICY_UPDATED, TRAINING_RESULT, policy_key
from streams.policies import CANARY, CHAMPION, PolicyLedger
from streams.policy_records import Record

ROUTING = "routing"
_TOLD: dict[str, type[TrainingResult] | type[OptimizationTrigger]] = {
    TRAINING_RESULT: TrainingResult,
    OPTIMIZATION_TRIGGER: OptimizationTrigger,
}
_TOLD_KEPT = 100


class LocalPolicies:
    """Follows what is published of one tenant's policies, as a router and a trainer do on Kafka.

    `in_force` and `current` (the program) may be read from any thread; the rest is its owner's to lock.
    """

    def __init__(self, tenant_id: str, store: ArtifactStore) -> None:
        self.ledger = PolicyLedger()
        self.store = store
        self.current: ActiveProgram | None = None
        self._tenant_id = tenant_id
        self._combination = Combination()
        self._told: list[Record] = []

    @property
    def in_force(self) -> InForce:
        """What decides now."""
        return self._combination.in_force

    def take(self, records: Iterable[Record]) -> None:
        """Take published records into account; raises `ArtifactError` where a policy's bytes are gone."""
        for record in records:
            if record.topic in _TOLD:
                self.ledger.apply(decode(_TOLD[record.topic], record.value))
                self._told.append(record)
            elif record.topic == POLICY_UPDATED and record.value is None:
                self.ledger.end(record.key)
                self._combination.end(CANARY)
            elif record.topic == POLICY_UPDATED:
                update = decode(PolicyUpdate, record.value)
                self.ledger.apply(update)
                self._adopt(update)

    def needed(self) -> list[Record]:
        """The records from which this can be made again: what put policies in force, and what is newest."""
        newest = self._told[-_TOLD_KEPT:]
        earlier = [record for record in self._told[:-_TOLD_KEPT] if _versioned(record)]
        updates = [
            Record(POLICY_UPDATED, key, encode(update)) for key, update in sorted(self.ledger.in_force.items())
        ]
        return [*earlier, *newest, *updates]

    def bytes_of(self, digest: str) -> bytes:
        """A policy's artifact; raises `ArtifactError` where it is gone."""
        data = self.store.get(self._tenant_id, digest)
        if data is None:
            raise ArtifactError(f"artifact {digest[:12]} of {self._tenant_id} is gone")
        return data

    def champion(self) -> PolicyUpdate | None:
        """The update that put the policy of the scope `routing` in force."""
        return self.ledger.in_force.get(policy_key(self._tenant_id, ROUTING, CHAMPION))

    def _adopt(self, update: PolicyUpdate) -> None:
        data = self.bytes_of(update.digest)
        if update.scope == ROUTING_PROGRAM:
            self.current = active_program(PolicyCheck(self._tenant_id, ROUTING_PROGRAM, CHAMPION), update, data)
        else:
            check = PolicyCheck(self._tenant_id, ROUTING, update.slot)
            self._combination.adopt(check.verified(update, data))


def _versioned(record: Record) -> bool:
    """Whether it put a policy in force."""
    return record.topic == TRAINING_RESULT and decode(TrainingResult, record.value).version is not None
