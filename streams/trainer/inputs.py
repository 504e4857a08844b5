"""All that a job is made from, fetched from Kafka and from the archive."""

from __future__ import annotations

import logging

from adapters.artifact_store import ArtifactStore
from processors.training import OnTrial
from processors.training.cards import unbundle
from processors.training.former import former_digest
from signalbox.connection import Connection
from signalbox.errors import ArtifactError, Unusable
from signalbox.events import OptimizationTrigger, TrainingResult
from signalbox.policy import unpack
from streams.policies import PolicyLedger
from streams.settings import Settings
from streams.trainer.job import TrainingJob, trains
from streams.trainer.reading import read_annotations, read_artifact, read_cards, read_experiences

log = logging.getLogger(__name__)


async def make_job(
    connection: Connection,
    settings: Settings,
    store: ArtifactStore,
    ledger: PolicyLedger,
    trigger: OptimizationTrigger,
    *,
    answered: TrainingResult | None = None,
) -> TrainingJob:
    """The job that a trigger describes; with `answered`, its answer, once more the job that it was then.

    A candidate is trained with the agent cards that there are now, or were then; a trial is judged with its
    candidate's, and a promise with the champion's. Raises `Unusable` or `ArtifactError` where parts are gone.
    """
    tenant_id = trigger.tenant_id
    records = await read_experiences(connection, settings, trigger)
    champion, on_trial = None, None
    if trigger.champion_digest is not None:
        champion = await load_artifact(connection, settings, store, tenant_id, trigger.champion_digest)
    if trigger.trial_digest is not None:
        data = await load_artifact(connection, settings, store, tenant_id, trigger.trial_digest)
        on_trial = on_trial_of(ledger, trigger, trigger.trial_digest, data, answered)
    if not trains(trigger):
        cards = archived_cards(store, tenant_id, on_trial.artifact if on_trial else champion)
    elif answered and answered.digest and answered.verdict in ("promoted", "on_trial"):
        made = await load_artifact(connection, settings, store, tenant_id, answered.digest)
        cards = archived_cards(store, tenant_id, made)
    else:
        cards = await read_cards(connection, settings, tenant_id)
    former = await _former(connection, settings, store, trigger, champion) if trains(trigger) else None
    annotations = await read_annotations(connection, settings, trigger) if trains(trigger) else ()
    return TrainingJob(trigger, tuple(records), champion, on_trial, cards, former, annotations)


async def _former(
    connection: Connection,
    settings: Settings,
    store: ArtifactStore,
    trigger: OptimizationTrigger,
    champion: bytes | None,
) -> bytes | None:
    """The policy from before a change of the rewards, unless it is the champion; None also where it is gone."""
    digest = former_digest(trigger, unpack(champion).manifest if champion else None)
    if digest is None or digest == trigger.champion_digest:
        return None
    try:
        return await load_artifact(connection, settings, store, trigger.tenant_id, digest)
    except ArtifactError as error:
        log.warning("trigger %s: trained without what was known before: %s", trigger.trigger_id, error)
        return None


def on_trial_of(
    ledger: PolicyLedger,
    trigger: OptimizationTrigger,
    digest: str,
    data: bytes,
    answered: TrainingResult | None = None,
) -> OnTrial:
    """The policy in the slot `canary`, and how it came there; raises `Unusable` where that isn't known."""
    before = answered.occurred_at if answered else None
    begun = ledger.beginning(trigger.tenant_id, trigger.scope, digest, before)
    if begun is None:
        raise Unusable("invalid", f"trial_digest: no answer has put {digest[:12]} on trial")
    if begun.reason == "requested":
        return OnTrial(data, "canary", begun.occurred_at)
    return OnTrial(data, "trial", begun.occurred_at, ledger.trial_number(begun))


def archived_cards(store: ArtifactStore, tenant_id: str, artifact: bytes | None) -> tuple[bytes, ...]:
    """The agent cards that an artifact was trained with; raises `ArtifactError` where they aren't archived."""
    digest = unpack(artifact).manifest.cards_digest if artifact is not None else None
    if digest is None:
        return ()
    data = store.get(tenant_id, digest, kind="cards")
    if data is None:
        raise ArtifactError(f"the agent cards {digest[:12]} of {tenant_id} are not archived")
    return unbundle(data)


async def load_artifact(
    connection: Connection, settings: Settings, store: ArtifactStore, tenant_id: str, digest: str
) -> bytes:
    """The artifact from the archive, else from Kafka; raises `ArtifactError` where neither has it."""
    try:
        data = store.get(tenant_id, digest)
    except ArtifactError as error:
        log.error("%s; the copy on policy-artifact is used", error)
        data = None
    data = data or await read_artifact(connection, settings, digest)
    if data is None:
        raise ArtifactError(f"artifact {digest[:12]} of {tenant_id} is neither archived nor on policy-artifact")
    return data
