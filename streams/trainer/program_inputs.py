"""All that a program's job is made from, fetched from Kafka, from the archive and from the settings."""

from __future__ import annotations

from adapters.artifact_store import ArtifactStore
from signalbox.connection import Connection
from signalbox.events import OptimizationTrigger
from streams.language_model import language_model_configuration
from streams.policies import PolicyLedger
from streams.settings import Settings
from streams.trainer.inputs import load_artifact
from streams.trainer.program_job import ProgramJob
from streams.trainer.reading import read_annotations, read_experiences


async def make_program_job(
    connection: Connection,
    settings: Settings,
    store: ArtifactStore,
    ledger: PolicyLedger,
    trigger: OptimizationTrigger,
) -> ProgramJob:
    """The job that a program's trigger describes, also once it is answered.

    Raises `Unusable` or `ArtifactError` where parts are gone.
    """
    champion, key = None, settings.phoenix_api_key
    if trigger.champion_digest is not None:
        champion = await load_artifact(connection, settings, store, trigger.tenant_id, trigger.champion_digest)
    return ProgramJob(
        trigger,
        tuple(await read_experiences(connection, settings, trigger)),
        champion,
        annotations=await read_annotations(connection, settings, trigger),
        language_model=language_model_configuration(settings),
        held_out=settings.program_held_out,
        time_limit_s=settings.program_time_limit_s,
        phoenix_url=settings.phoenix_url,
        phoenix_api_key=key.get_secret_value() if key else None,
        phoenix_project=settings.phoenix_project,
    )
