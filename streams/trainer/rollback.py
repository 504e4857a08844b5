"""Puts an earlier policy back in force."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from adapters.artifact_store import ArtifactStore
from signalbox.connection import Connection
from signalbox.errors import ConfigurationError
from signalbox.events import PolicyUpdate, TrainingResult
from streams.policies import PolicyLedger
from streams.policy_records import policy_update, result_record, update_records
from streams.settings import Settings
from streams.trainer.inputs import load_artifact
from streams.trainer.ledger_reader import LedgerReader
from streams.trainer.publication import open_publication, slot_name
from streams.trainer.records import champion_ends


async def roll_back(
    connection: Connection, settings: Settings, tenant_id: str, scope: str, to: str | None = None
) -> TrainingResult:
    """Publish an earlier policy as the next version, end what is on trial, and return the record of it.

    `to` is a version or the beginning of a digest; without it, the policy that the present one was made from.
    A trainer that is publishing for the same scope is shut out and finds its champion stale. Raises
    `ConfigurationError` where there is no such policy, `ArtifactError` where its bytes are gone.
    """
    store = ArtifactStore(settings.artifact_url)
    async with (
        LedgerReader(connection, settings) as reader,
        open_publication(connection, settings, slot_name(tenant_id, scope)) as publication,
    ):
        ledger = await reader.catch_up()
        digest = earlier_policy(ledger, tenant_id, scope, to)
        data = await load_artifact(connection, settings, store, tenant_id, digest)
        version = ledger.next_version(tenant_id, scope)
        update = policy_update(data, version=version, reason="rollback", occurred_at=datetime.now(UTC))
        result = _result(ledger, update)
        await publication.publish(
            [
                *update_records(update, data),
                result_record(result),
                *champion_ends(store, ledger, update),
            ],
            {},
        )
    return result


def earlier_policy(ledger: PolicyLedger, tenant_id: str, scope: str, to: str | None) -> str:
    """The digest to roll back to; raises `ConfigurationError` where there is none."""
    champion = ledger.champion(tenant_id, scope)
    if champion is None:
        raise ConfigurationError(f"tenant {tenant_id!r}, scope {scope!r}: no policy is in force")
    digest = find_policy(ledger, tenant_id, scope, to) if to else champion.parent_digest
    if digest is None:
        raise ConfigurationError(
            f"version {champion.version} was made from the baseline: there is no earlier policy"
        )
    if digest == champion.digest:
        raise ConfigurationError(f"policy {digest[:12]} is in force already, as version {champion.version}")
    return digest


def find_policy(
    ledger: PolicyLedger, tenant_id: str, scope: str, name: str, *, candidates: bool = False
) -> str:
    """The digest of a policy that was in force, by version or the beginning of its digest.

    With `candidates` also of one that was only on trial, which has no version. Raises `ConfigurationError`.
    """
    known = {result.version: result.digest for result in ledger.past(tenant_id, scope) if result.digest}
    champion = ledger.champion(tenant_id, scope)
    if champion:
        known[champion.version] = champion.digest
    if name.isdigit() and int(name) in known:
        return known[int(name)]
    tried = ledger.trials.get((tenant_id, scope), {}).values() if candidates else ()
    digests = {*known.values(), *(result.digest for result in tried if result.digest)}
    found = {digest for digest in digests if digest.startswith(name.lower())}
    if len(found) == 1:
        return found.pop()
    was = "in force or on trial" if candidates else "in force"
    problem = "several policies begin like" if found else f"no policy was {was} as"
    raise ConfigurationError(f"tenant {tenant_id!r}, scope {scope!r}: {problem} {name!r}")


def _result(ledger: PolicyLedger, update: PolicyUpdate) -> TrainingResult:
    champion = ledger.champion(update.tenant_id, update.scope)
    before = f"version {champion.version} ({champion.digest[:12]})" if champion else "the baseline"
    return TrainingResult(
        tenant_id=update.tenant_id,
        occurred_at=update.occurred_at,
        trigger_id=f"rollback-{uuid.uuid4()}",
        tenant_key=ledger.tenant_key(update.tenant_id, update.scope),
        scope=update.scope,
        verdict="rolled_back",
        reason="requested",
        message=f"from {before} to {update.digest[:12]}",
        digest=update.digest,
        version=update.version,
        champion_digest=champion.digest if champion else None,
    )
