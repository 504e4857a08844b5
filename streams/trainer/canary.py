"""Sends an earlier policy out as a canary, and ends a canary or a trial: what a person may do in that slot."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from adapters.artifact_store import ArtifactStore
from signalbox.connection import Connection
from signalbox.errors import ConfigurationError
from signalbox.events import TrainingResult, TrialProgress, Verdict
from streams.policies import PolicyLedger
from streams.policy_records import policy_update, result_record, update_records
from streams.settings import Settings
from streams.trainer.inputs import load_artifact
from streams.trainer.ledger_reader import LedgerReader
from streams.trainer.publication import open_publication, slot_name
from streams.trainer.records import canary_ends
from streams.trainer.rollback import find_policy


async def start_canary(
    connection: Connection, settings: Settings, tenant_id: str, scope: str, name: str, share: float
) -> TrainingResult:
    """Let a policy decide for a `share` of decisions (0 to 1), and return the record of it.

    `name` is as in `find_policy`, candidates included. Raises `ConfigurationError` where there is no such
    policy, where it is in force, or where another is on trial; `ArtifactError` where its bytes are gone.
    """
    store = ArtifactStore(settings.artifact_url)
    async with (
        LedgerReader(connection, settings) as reader,
        open_publication(connection, settings, slot_name(tenant_id, scope)) as publication,
    ):
        ledger = await reader.catch_up()
        digest = find_policy(ledger, tenant_id, scope, name, candidates=True)
        _check_free(ledger, tenant_id, scope, digest)
        data = await load_artifact(connection, settings, store, tenant_id, digest)
        version, now = ledger.next_version(tenant_id, scope, "canary"), datetime.now(UTC)
        update = policy_update(data, version=version, reason="canary", occurred_at=now, share=share)
        message = f"{digest[:12]} decides for a share of {share:g}, as a canary"
        result = _result(ledger, tenant_id, scope, "on_trial", message, digest)
        await publication.publish([*update_records(update, data), result_record(result)], {})
    return result


async def end_canary(connection: Connection, settings: Settings, tenant_id: str, scope: str) -> TrainingResult:
    """End the trial or the canary of a scope, and return the record of it; the champion stays.

    Raises `ConfigurationError` where there is none.
    """
    store = ArtifactStore(settings.artifact_url)
    async with (
        LedgerReader(connection, settings) as reader,
        open_publication(connection, settings, slot_name(tenant_id, scope)) as publication,
    ):
        ledger = await reader.catch_up()
        canary = ledger.canary(tenant_id, scope)
        if canary is None:
            raise ConfigurationError(f"tenant {tenant_id!r}, scope {scope!r}: nothing is on trial")
        message = f"the {canary.reason} of {canary.digest[:12]} was ended by request"
        progress = ledger.progress(tenant_id, scope)
        result = _result(ledger, tenant_id, scope, "rejected", message, canary.digest, progress)
        ends = canary_ends(store, ledger, tenant_id, scope)
        await publication.publish([result_record(result), *ends], {})
    return result


def _check_free(ledger: PolicyLedger, tenant_id: str, scope: str, digest: str) -> None:
    champion, canary = ledger.champion(tenant_id, scope), ledger.canary(tenant_id, scope)
    if champion and champion.digest == digest:
        raise ConfigurationError(f"policy {digest[:12]} is in force already, as version {champion.version}")
    if canary:
        raise ConfigurationError(
            f"policy {canary.digest[:12]} is out already ({canary.reason}); `signalbox policy end` ends that"
        )


def _result(
    ledger: PolicyLedger,
    tenant_id: str,
    scope: str,
    verdict: Verdict,
    message: str,
    digest: str,
    trial: TrialProgress | None = None,
) -> TrainingResult:
    return TrainingResult(
        tenant_id=tenant_id,
        occurred_at=datetime.now(UTC),
        trigger_id=f"canary-{uuid.uuid4()}",
        tenant_key=ledger.tenant_key(tenant_id, scope),
        scope=scope,
        verdict=verdict,
        reason="requested",
        message=message,
        digest=digest,
        champion_digest=ledger.champion_digest(tenant_id, scope),
        trial=trial,
    )
