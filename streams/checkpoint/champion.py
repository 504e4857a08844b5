"""Puts the policy of a checkpoint back in force."""

from __future__ import annotations

from datetime import UTC, datetime

from adapters.artifact_store import ArtifactStore
from signalbox.connection import Connection
from signalbox.errors import ConfigurationError
from signalbox.events import PolicyUpdate
from streams.policies import PolicyLedger
from streams.policy_records import policy_update, update_records
from streams.settings import Settings
from streams.trainer.inputs import load_artifact
from streams.trainer.ledger_reader import LedgerReader
from streams.trainer.publication import open_publication, slot_name
from streams.trainer.records import champion_ends
from streams.trainer.rollback import find_policy, roll_back


async def restore_champion(
    connection: Connection, settings: Settings, ledger: PolicyLedger, saved: PolicyUpdate
) -> str:
    """Put the saved policy in force unless it is; what was done, as a sentence.

    Raises `ArtifactError` where its bytes are neither archived nor on Kafka.
    """
    tenant_id, scope, digest = saved.tenant_id, saved.scope, saved.digest
    if ledger.champion_digest(tenant_id, scope) == digest:
        return f"policy {digest[:12]} is in force, as it was"
    try:
        find_policy(ledger, tenant_id, scope, digest)
    except ConfigurationError:
        version = await _publish(connection, settings, saved)
        return f"policy {digest[:12]}, which this cluster did not know, is in force as version {version}"
    result = await roll_back(connection, settings, tenant_id, scope, digest)
    return f"rolled back {result.message}, now version {result.version}"


async def _publish(connection: Connection, settings: Settings, saved: PolicyUpdate) -> int:
    """Publish a policy of another cluster from its archive; its version here."""
    store = ArtifactStore(settings.artifact_url)
    data = await load_artifact(connection, settings, store, saved.tenant_id, saved.digest)
    name = slot_name(saved.tenant_id, saved.scope)
    async with (
        LedgerReader(connection, settings) as reader,
        open_publication(connection, settings, name) as publication,
    ):
        ledger = await reader.catch_up()
        version = max(ledger.next_version(saved.tenant_id, saved.scope), saved.version)
        update = policy_update(data, version=version, reason="rollback", occurred_at=datetime.now(UTC))
        ended = champion_ends(store, ledger, update)
        await publication.publish([*update_records(update, data), *ended], {})
    return version
