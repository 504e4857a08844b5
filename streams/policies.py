"""Which policies are in force or on trial, how they came to be, and which artifacts are still needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from signalbox.events import OptimizationTrigger, PolicyUpdate, TrainingResult, TrialProgress
from signalbox.names import is_program
from signalbox.topics import policy_key
from streams.program_triggers import ProgramTriggers

HISTORY = 10
"""Policies of a scope whose bytes stay on `policy-artifact`, so that a rollback reaches routers at once."""

Slot = Literal["champion", "canary"]
CHAMPION: Slot = "champion"
CANARY: Slot = "canary"
Place = tuple[str, str]
"""A tenant and a scope."""


@dataclass
class PolicyLedger:
    """What `policy-updated`, `training-result` and `optimization-trigger` say, kept up by `apply`.

    Repeats change nothing.
    """

    answered: set[str] = field(default_factory=set)
    in_force: dict[bytes, PolicyUpdate] = field(default_factory=dict)
    history: dict[Place, dict[int, TrainingResult]] = field(default_factory=dict)
    trials: dict[Place, dict[str, TrainingResult]] = field(default_factory=dict)
    last_looks: dict[Place, TrainingResult] = field(default_factory=dict)
    programs: ProgramTriggers = field(default_factory=ProgramTriggers)

    def apply(self, event: PolicyUpdate | TrainingResult | OptimizationTrigger) -> None:
        """Take one record into account; of a slot, the highest version counts, of triggers, programs' do."""
        if isinstance(event, OptimizationTrigger):
            if is_program(event.scope):
                self.programs.add(event)
            return
        if isinstance(event, PolicyUpdate):
            key = policy_key(event.tenant_id, event.scope, event.slot)
            known = self.in_force.get(key)
            if known is None or event.version >= known.version:
                self.in_force[key] = event
            return
        self.answered.add(event.trigger_id)
        place = (event.tenant_id, event.scope)
        if event.version is not None and event.digest is not None:
            self.history.setdefault(place, {})[event.version] = event
        elif event.verdict == "on_trial":
            self.last_looks[place] = event
            if event.reason != "undecided":  # that is how one goes on; every other reason begins one
                self.trials.setdefault(place, {})[event.trigger_id] = event

    def end(self, key: bytes) -> None:
        """Take a tombstone on `policy-updated` into account: nothing is in that slot any more."""
        self.in_force.pop(key, None)

    def champion(self, tenant_id: str, scope: str) -> PolicyUpdate | None:
        """The policy in force, or None where routers still follow their own baseline."""
        return self.in_force.get(policy_key(tenant_id, scope, CHAMPION))

    def canary(self, tenant_id: str, scope: str) -> PolicyUpdate | None:
        """The policy on trial or out as a canary, if there is one."""
        return self.in_force.get(policy_key(tenant_id, scope, CANARY))

    def champion_digest(self, tenant_id: str, scope: str) -> str | None:
        """The digest of the policy in force."""
        champion = self.champion(tenant_id, scope)
        return champion.digest if champion else None

    def canary_digest(self, tenant_id: str, scope: str) -> str | None:
        """The digest of the policy on trial or out as a canary."""
        canary = self.canary(tenant_id, scope)
        return canary.digest if canary else None

    def next_version(self, tenant_id: str, scope: str, slot: Slot = CHAMPION) -> int:
        """One more than the slot's last one. Of an ended trial Kafka keeps no update, but its answer."""
        present = self.in_force.get(policy_key(tenant_id, scope, slot))
        ended = len(self.trials.get((tenant_id, scope), {})) if slot == CANARY else 0
        return max(present.version if present else 0, ended) + 1

    def past(self, tenant_id: str, scope: str) -> list[TrainingResult]:
        """Every promotion and rollback of the scope, oldest first."""
        return [result for _, result in sorted(self.history.get((tenant_id, scope), {}).items())]

    def beginning(
        self, tenant_id: str, scope: str, digest: str, before: datetime | None = None
    ) -> TrainingResult | None:
        """The answer that began the last trial of this policy, or the last one begun until `before`."""
        begun = [
            result
            for result in self.trials.get((tenant_id, scope), {}).values()
            if result.digest == digest and (before is None or result.occurred_at <= before)
        ]
        return max(begun, key=lambda result: result.occurred_at, default=None)

    def progress(self, tenant_id: str, scope: str) -> TrialProgress:
        """How far what is on trial had come when it was last looked at."""
        look = self.last_looks.get((tenant_id, scope))
        known = look is not None and look.digest == self.canary_digest(tenant_id, scope)
        nothing = TrialProgress(decisions=0, disagreements=0, seconds=0.0)
        return look.trial or nothing if look and known else nothing

    def tenant_key(self, tenant_id: str, scope: str) -> str:
        """The tenant key under which the scope is answered: of a sharded tenant, that of a shard."""
        results = [*self.past(tenant_id, scope), *self.trials.get((tenant_id, scope), {}).values()]
        return results[-1].tenant_key if results else tenant_id

    def trial_number(self, begun: TrainingResult) -> int:
        """The how-many-th trial under its champion this answer began, from 1."""
        begun_here = self.trials.get((begun.tenant_id, begun.scope), {}).values()
        return sum(
            result.reason != "requested"
            and result.champion_digest == begun.champion_digest
            and result.occurred_at <= begun.occurred_at
            for result in begun_here
        )

    def superseded_by(self, tenant_id: str, scope: str, digest: str) -> set[str]:
        """The digests that no slot or history needs any more once `digest` is in force."""
        digests = [result.digest for result in self.past(tenant_id, scope) if result.digest]
        return _newest(digests) - _newest([*digests, digest]) - self._in_slots(tenant_id, scope)

    def needed(self, tenant_id: str, scope: str, digest: str | None) -> set[str]:
        """The digests that the slot `champion` and the history need while `digest` is in force."""
        past = [result.digest for result in self.past(tenant_id, scope) if result.digest]
        return _newest(past if digest is None else [*past, digest])

    def _in_slots(self, tenant_id: str, scope: str) -> set[str]:
        place = (tenant_id, scope)
        return {u.digest for u in self.in_force.values() if (u.tenant_id, u.scope) == place}


def _newest(digests: Sequence[str]) -> set[str]:
    """The `HISTORY` different digests that were in force last."""
    return set(list(dict.fromkeys(reversed(digests)))[:HISTORY])
