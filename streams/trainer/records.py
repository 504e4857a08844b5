"""Everything that an answer publishes, in one transaction."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec import structs

from adapters.artifact_store import ArtifactStore
from signalbox.events import OptimizationTrigger, PolicyUpdate
from signalbox.events.policy_update import UpdateReason
from streams.policies import CANARY, CHAMPION, PolicyLedger, Slot
from streams.policy_records import (
    Record,
    end_of_slot,
    policy_update,
    result_record,
    tombstones,
    update_records,
)
from streams.trainer.job import Answer

REASONS: dict[str, tuple[Slot, UpdateReason]] = {
    "promoted": (CHAMPION, "promoted"),
    "rolled_back": (CHAMPION, "rollback"),
    "on_trial": (CANARY, "trial"),
}
"""What the verdicts that come with a policy do with it."""


def records_of(
    store: ArtifactStore,
    ledger: PolicyLedger,
    trigger: OptimizationTrigger,
    answer: Answer,
    seconds: float,
    now: datetime | None = None,
) -> list[Record]:
    """The answer's result, the policy that it puts into a slot, and the ends of what that supersedes."""
    now = now or datetime.now(UTC)
    tenant_id, scope = trigger.tenant_id, trigger.scope
    result = structs.replace(answer.result, occurred_at=now, seconds=round(seconds, 3))
    if answer.artifact is None or result.verdict not in REASONS:
        ended = result.verdict == "rejected" and trigger.trial_digest is not None
        on_trial = ledger.canary_digest(tenant_id, scope) == trigger.trial_digest
        return [
            result_record(result),
            *(canary_ends(store, ledger, tenant_id, scope) if ended and on_trial else []),
        ]
    slot, reason = REASONS[result.verdict]
    version = ledger.next_version(tenant_id, scope, slot)
    update = policy_update(
        answer.artifact,
        version=version,
        reason=reason,
        occurred_at=now,
        trigger_id=trigger.trigger_id,
        share=answer.share if slot == CANARY else None,
    )
    records = update_records(update, answer.artifact)
    if slot == CANARY:
        return [*records, result_record(structs.replace(result, digest=update.digest))]
    result = structs.replace(result, version=version, digest=update.digest)
    return [*records, result_record(result), *champion_ends(store, ledger, update)]


def champion_ends(store: ArtifactStore, ledger: PolicyLedger, update: PolicyUpdate) -> list[Record]:
    """What ends when `update` comes into force: a trial against the champion before, and the oldest artifact.

    What isn't archived stays on Kafka, its only place.
    """
    tenant_id, scope = update.tenant_id, update.scope
    superseded = ledger.superseded_by(tenant_id, scope, update.digest)
    ended = canary_ends(store, ledger, tenant_id, scope, in_force=update.digest)
    return [*ended, *_artifacts_end(store, tenant_id, superseded)]


def canary_ends(
    store: ArtifactStore, ledger: PolicyLedger, tenant_id: str, scope: str, in_force: str | None = None
) -> list[Record]:
    """The end of what is on trial or out as a canary, if anything is.

    `in_force` is the digest of the champion from now on; without it the present one stays.
    """
    canary = ledger.canary(tenant_id, scope)
    if canary is None:
        return []
    needed = ledger.needed(tenant_id, scope, in_force or ledger.champion_digest(tenant_id, scope))
    return [end_of_slot(canary), *_artifacts_end(store, tenant_id, {canary.digest} - needed)]


def _artifacts_end(store: ArtifactStore, tenant_id: str, digests: set[str]) -> list[Record]:
    sizes = [(digest, store.size(tenant_id, digest)) for digest in sorted(digests)]
    return tombstones((digest, size) for digest, size in sizes if size is not None)
