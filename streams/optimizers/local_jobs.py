"""What a training in one process is made from."""

from __future__ import annotations

from dataclasses import fields

from adapters.language_model import LanguageModelConfiguration
from processors.training.former import former_digest
from signalbox.events import OptimizationTrigger
from signalbox.policy import unpack
from streams.optimizers.experience_log import ExperienceLog
from streams.optimizers.local_policies import LocalPolicies
from streams.settings import Settings
from streams.trainer.inputs import on_trial_of
from streams.trainer.job import TrainingJob, trains
from streams.trainer.program_job import ProgramJob


def job_of(trigger: OptimizationTrigger, experiences: ExperienceLog, policies: LocalPolicies) -> TrainingJob:
    """The job that a trigger describes; raises `Unusable` or `ArtifactError` where parts are gone."""
    (where,) = trigger.ranges
    champion = policies.bytes_of(trigger.champion_digest) if trigger.champion_digest else None
    on_trial = None
    if trigger.trial_digest is not None:
        data = policies.bytes_of(trigger.trial_digest)
        on_trial = on_trial_of(policies.ledger, trigger, trigger.trial_digest, data)
    former = (
        former_digest(trigger, unpack(champion).manifest if champion else None) if trains(trigger) else None
    )
    return TrainingJob(
        trigger,
        experiences.between(where.start, where.end),
        champion,
        on_trial,
        former=policies.bytes_of(former) if former and former != trigger.champion_digest else None,
    )


def program_job_of(
    job: TrainingJob, settings: Settings, language_model: LanguageModelConfiguration
) -> ProgramJob:
    """The same for the trigger of a program."""
    return ProgramJob(
        **{field.name: getattr(job, field.name) for field in fields(job)},
        language_model=language_model,
        held_out=settings.program_held_out,
        time_limit_s=settings.program_time_limit_s,
    )
