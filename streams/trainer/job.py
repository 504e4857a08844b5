"""From a trigger and its records to the answer: pure, so that the same job gives the same bytes anywhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from msgspec import structs

from signalbox.errors import SignalboxError
from signalbox.events import Experience, OptimizationTrigger, TrainingResult, Verdict, VerdictReason, decode
from streams.trainer.replay_buffer import materialise, sample

MESSAGE_LENGTH = 500


@dataclass(frozen=True)
class TrainingJob:
    """All that an answer is made from; `records` are the experiences in the trigger's ranges with its key."""

    trigger: OptimizationTrigger
    records: tuple[bytes, ...]
    champion: bytes | None


@dataclass(frozen=True)
class Answer:
    """The result, without version and seconds, and the candidate's bytes where there is one."""

    result: TrainingResult
    artifact: bytes | None = None


def attempt(train: Callable[[TrainingJob], Answer], job: TrainingJob) -> Answer:
    """The answer to a job; whatever goes wrong inside becomes the answer `failed` with its error."""
    try:
        return train(job)
    except Exception as error:  # noqa: BLE001 a training that fails is an event, whatever the failure
        return failed(job.trigger, error)


def run_job(job: TrainingJob) -> Answer:
    """Train a candidate on what the replay buffer holds, and judge it on all that is held out."""
    from models.configuration import TrainingConfiguration
    from processors.training import answer

    configuration = TrainingConfiguration.from_dict(job.trigger.configuration)
    revisions = [decode(Experience, record) for record in job.records]
    kept = materialise(job.trigger, revisions)
    trained = answer(job.trigger, revisions, job.champion, configuration, sample=sample(kept, revisions))
    return Answer(trained.result, trained.artifact)


def failed(trigger: OptimizationTrigger, error: Exception) -> Answer:
    """The answer that says what went wrong."""
    kind = "" if isinstance(error, SignalboxError) else f"{type(error).__name__}: "
    return without_training(trigger, "failed", "error", f"{kind}{error}"[:MESSAGE_LENGTH])


def stale(trigger: OptimizationTrigger, in_force: str | None) -> Answer:
    """The answer to a trigger for a champion that isn't in force any more; it names the one that is."""
    message = f"made for champion {_short(trigger.champion_digest)}, but {_short(in_force)} is in force"
    answer = without_training(trigger, "rejected", "stale_champion", message)
    return Answer(structs.replace(answer.result, champion_digest=in_force))


def without_training(
    trigger: OptimizationTrigger, verdict: Verdict, reason: VerdictReason, message: str
) -> Answer:
    """An answer that has no numbers."""
    return Answer(
        TrainingResult(
            tenant_id=trigger.tenant_id,
            occurred_at=trigger.occurred_at,
            trigger_id=trigger.trigger_id,
            tenant_key=trigger.tenant_key,
            scope=trigger.scope,
            verdict=verdict,
            reason=reason,
            message=message,
            champion_digest=trigger.champion_digest,
        )
    )


def _short(digest: str | None) -> str:
    return digest[:12] if digest else "the baseline"
