"""Which policies are in force, how they came to be, and which artifacts are still needed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import msgspec

from signalbox.events import PolicyUpdate, TrainingResult, encode
from signalbox.policy import CHUNK_BYTES, digest_of, split, unpack
from signalbox.topics import POLICY_ARTIFACT, POLICY_UPDATED, TRAINING_RESULT, chunk_key, policy_key

HISTORY = 10
"""Policies of a scope whose bytes stay on `policy-artifact`, so that a rollback reaches routers at once."""

CHAMPION: Literal["champion"] = "champion"


@dataclass(frozen=True)
class Record:
    """A record to be published; `topic` is its name without the prefix, no value makes it a tombstone."""

    topic: str
    key: bytes
    value: bytes | None


@dataclass
class PolicyLedger:
    """What `policy-updated` and `training-result` say, kept up by `apply`; repeats change nothing."""

    answered: set[str] = field(default_factory=set)
    in_force: dict[bytes, PolicyUpdate] = field(default_factory=dict)
    history: dict[tuple[str, str], dict[int, TrainingResult]] = field(default_factory=dict)

    def apply(self, event: PolicyUpdate | TrainingResult) -> None:
        """Take one record into account; of a slot, the highest version counts."""
        if isinstance(event, PolicyUpdate):
            key = policy_key(event.tenant_id, event.scope, event.slot)
            known = self.in_force.get(key)
            if known is None or event.version >= known.version:
                self.in_force[key] = event
            return
        self.answered.add(event.trigger_id)
        if event.version is not None and event.digest is not None:
            self.history.setdefault((event.tenant_id, event.scope), {})[event.version] = event

    def champion(self, tenant_id: str, scope: str) -> PolicyUpdate | None:
        """The policy in force, or None where routers still follow their own baseline."""
        return self.in_force.get(policy_key(tenant_id, scope, CHAMPION))

    def champion_digest(self, tenant_id: str, scope: str) -> str | None:
        """Its digest."""
        champion = self.champion(tenant_id, scope)
        return champion.digest if champion else None

    def next_version(self, tenant_id: str, scope: str) -> int:
        """One more than that of the policy in force."""
        champion = self.champion(tenant_id, scope)
        return champion.version + 1 if champion else 1

    def past(self, tenant_id: str, scope: str) -> list[TrainingResult]:
        """Every promotion and rollback of the scope, oldest first."""
        return [result for _, result in sorted(self.history.get((tenant_id, scope), {}).items())]

    def superseded_by(self, tenant_id: str, scope: str, digest: str) -> set[str]:
        """The digests that no slot or history needs any more once `digest` is in force."""
        digests = [result.digest for result in self.past(tenant_id, scope) if result.digest]
        in_force = {
            update.digest
            for update in self.in_force.values()
            if (update.tenant_id, update.scope) == (tenant_id, scope)
        }
        return _newest(digests) - _newest([*digests, digest]) - in_force


def _newest(digests: Sequence[str]) -> set[str]:
    """The `HISTORY` different digests that were in force last."""
    return set(list(dict.fromkeys(reversed(digests)))[:HISTORY])


def policy_update(
    data: bytes,
    *,
    version: int,
    reason: Literal["promoted", "rollback"],
    occurred_at: datetime,
    trigger_id: str | None = None,
) -> PolicyUpdate:
    """The event that puts the artifact `data` in force as champion; raises `ArtifactError` if it is none."""
    manifest = unpack(data).manifest
    content: dict[str, Any] = msgspec.to_builtins(manifest)
    return PolicyUpdate(
        tenant_id=manifest.tenant_id,
        occurred_at=occurred_at,
        scope=manifest.scope,
        slot=CHAMPION,
        version=version,
        digest=digest_of(data),
        size_bytes=len(data),
        chunks=len(split(data)),
        reason=reason,
        manifest=content,
        trigger_id=trigger_id,
        parent_digest=manifest.lineage.parent_digest,
    )


def result_record(result: TrainingResult) -> Record:
    """The answer as a record."""
    return Record(TRAINING_RESULT, result.tenant_key.encode(), encode(result))


def update_records(update: PolicyUpdate, data: bytes) -> list[Record]:
    """The policy as records: its bytes first, so that who learns of it in this order can load it."""
    chunks = [
        Record(POLICY_ARTIFACT, chunk_key(update.digest, i), chunk) for i, chunk in enumerate(split(data))
    ]
    key = policy_key(update.tenant_id, update.scope, update.slot)
    return [*chunks, Record(POLICY_UPDATED, key, encode(update))]


def tombstones(sizes: Iterable[tuple[str, int]]) -> list[Record]:
    """The end of artifacts, given as digest and length in bytes."""
    return [
        Record(POLICY_ARTIFACT, chunk_key(digest, chunk), None)
        for digest, size in sizes
        for chunk in range(max(1, -(-size // CHUNK_BYTES)))
    ]
